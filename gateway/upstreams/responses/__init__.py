"""OpenAI's Responses, stateless: nothing is stored, and reasoning is sent back encrypted."""

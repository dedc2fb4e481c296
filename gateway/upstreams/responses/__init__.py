"""OpenAI's Responses, stateless: nothing is stored, and reasoning goes back encrypted."""

"""OpenAI Chat Completions, as OpenAI, vLLM, SGLang, llama.cpp, LM Studio, OpenRouter and others speak it."""

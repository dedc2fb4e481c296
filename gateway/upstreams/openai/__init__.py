"""OpenAI Chat Completions, as implemented by OpenAI, vLLM, SGLang, llama.cpp, LM Studio, OpenRouter and
others."""

"""Providers whose key is often in the environment, with one of their models as an example.

The user may change the models. Their windows and limits are general knowledge of November 2026, not measured:
uncertain ones are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from gateway.doctor.server import DetectedModel, DetectedServer
from gateway.settings.kinds import ProviderKind


@frozen
class Cloud:
    variable: str
    title: str
    url: str
    model: str
    window: int | None = None
    output: int | None = None
    kind: ProviderKind = "openai"

    @property
    def server(self) -> DetectedServer:
        model = DetectedModel(self.model, window=self.window, output=self.output)
        return DetectedServer(self.title, self.kind, self.url, f"{self.variable} is set", models=(model,))


CLOUDS = (
    Cloud(
        "OPENAI_API_KEY", "OpenAI", "https://api.openai.com/v1", "gpt-5.4", 400_000, 128_000, "responses"
    ),  # on Chat Completions GPT-5.4 and newer refuse tools together with reasoning
    Cloud("OPENROUTER_API_KEY", "OpenRouter", "https://openrouter.ai/api/v1", "qwen/qwen3-coder", 262_144),
    Cloud("DEEPSEEK_API_KEY", "DeepSeek", "https://api.deepseek.com/v1", "deepseek-chat", 131_072, 8192),
    Cloud("MISTRAL_API_KEY", "Mistral", "https://api.mistral.ai/v1", "devstral-medium-latest", 131_072),
    Cloud("GROQ_API_KEY", "Groq", "https://api.groq.com/openai/v1", "openai/gpt-oss-120b", 131_072, 65_536),
    Cloud("MOONSHOT_API_KEY", "Moonshot", "https://api.moonshot.ai/v1", "kimi-k2-0905-preview", 262_144),
    Cloud(
        "DASHSCOPE_API_KEY",
        "DashScope",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "qwen3-coder-plus",
    ),
    Cloud("XAI_API_KEY", "xAI", "https://api.x.ai/v1", "grok-4", 256_000),
    Cloud("ZAI_API_KEY", "Z.ai", "https://api.z.ai/api/paas/v4", "glm-4.6", 200_000),
    Cloud(
        "TOGETHER_API_KEY",
        "Together",
        "https://api.together.xyz/v1",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8",
    ),
    Cloud(
        "FIREWORKS_API_KEY",
        "Fireworks",
        "https://api.fireworks.ai/inference/v1",
        "accounts/fireworks/models/glm-4p6",
    ),
    Cloud(
        "GEMINI_API_KEY",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "gemini-2.5-pro",
        1_048_576,
        65_536,
    ),
)


def with_key(environ: Mapping[str, str]) -> Iterator[Cloud]:
    return (cloud for cloud in CLOUDS if environ.get(cloud.variable))

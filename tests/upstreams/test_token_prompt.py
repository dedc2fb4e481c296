"""A prompt split for counting, and its count."""

from gateway.upstreams.token_prompt import CountablePrompt, TokenCount


def test_prompt_of_texts_alone_has_no_messages_and_images():
    assert CountablePrompt(("é", "")) == CountablePrompt(("é", ""), messages=0, media_tokens=0)


def test_count_without_edits_has_no_original():
    assert TokenCount(7).original is None
    assert TokenCount(7, 9) == TokenCount(tokens=7, original=9)

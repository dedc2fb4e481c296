"""The turns of a request in normal form: content blocks, documents, images, tool results."""

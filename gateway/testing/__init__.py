"""A scripted upstream for tests: a real server process whose answers a test defines.

    with ScriptedUpstream.start() as upstream:
        upstream.script(Reply(text="hello"), Reply(calls=(Call("Bash", {"command": "ls"}),)))
        ...                                  # point a client or a gateway at upstream.url
        assert upstream.chats()[0].body["model"] == "my-model"

`upstream` has the handle and the command, `script` the types of scripts.

For tests of programs that use Anthropic's API, `plugin` has pytest fixtures that start a gateway (`serving`)
whose models answer from a script in its configuration; docs/testing.md explains them.
"""

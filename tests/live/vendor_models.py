"""Language models by their vendors' own packages."""

from vendor_session import PATIENCE, expect, refused


def openai_client(address):
    import openai

    return openai.OpenAI(base_url=f"http://{address}/v1", api_key="a-key", max_retries=0, timeout=PATIENCE)


def openai(address):
    import openai

    client = openai_client(address)
    asked = {"model": "a-model", "messages": [{"role": "system", "content": "You are a receptionist."}, {"role": "user", "content": "Hello?"}]}
    text, finish, usage = "", None, None
    for chunk in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    expect("the end", "stop", finish)
    if not text.startswith("Marker ") or usage is None or not usage.prompt_tokens or not usage.completion_tokens:
        raise SystemExit(f"{text!r}, {usage}")
    tools = [{"type": "function", "function": {"name": "end_call", "description": "Ends the call.", "parameters": {"type": "object", "properties": {}}}}]
    asked["messages"][1]["content"] = "Goodbye."
    named = []
    for chunk in client.chat.completions.create(stream=True, tools=tools, **asked):
        named += [call.function.name for choice in chunk.choices for call in choice.delta.tool_calls or []]
    expect("the tool", ["end_call"], [name for name in named if name])
    refused("no message", openai.BadRequestError, lambda: client.chat.completions.create(model="m", messages=[]))


def anthropic(address):
    import anthropic

    client = anthropic.Anthropic(base_url=f"http://{address}", api_key="a-key", max_retries=0, timeout=PATIENCE)
    system = [{"type": "text", "text": "You are a receptionist. " * 300, "cache_control": {"type": "ephemeral"}}]
    asked = {"model": "claude-haiku-5-5", "max_tokens": 400, "thinking": {"type": "disabled"}, "inference_geo": "us", "system": system}

    def ask(messages, **more):
        with client.messages.stream(messages=messages, **asked, **more) as stream:
            return "".join(stream.text_stream), stream.get_final_message()

    hello = [{"role": "user", "content": "Hello?"}]
    text, message = ask(hello)
    expect("the end", "end_turn", message.stop_reason)
    usage = message.usage
    if not text.startswith("Marker ") or not usage.input_tokens or not usage.output_tokens or not usage.cache_creation_input_tokens:
        raise SystemExit(f"{text!r}, {usage}")
    cached = ask(hello)[1].usage.cache_read_input_tokens
    expect("what was cached", usage.cache_creation_input_tokens, cached)
    tools = [{"name": "end_call", "description": "Ends the call.", "input_schema": {"type": "object", "properties": {}}}]
    goodbye = [{"role": "user", "content": "Goodbye."}]
    _, message = ask(goodbye, tools=tools)
    expect("the end", "tool_use", message.stop_reason)
    call = message.content[-1]
    expect("the tool", ("tool_use", "end_call", {}), (call.type, call.name, call.input))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "done"}
    done = [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result, {"type": "text", "text": "Hello?"}]}]
    expect("the end", "end_turn", ask(goodbye + done, tools=tools)[1].stop_reason)
    whole = client.messages.create(messages=hello, **asked)
    expect("an answer in one piece", text.strip(), whole.content[0].text)
    refused("a call without its result", anthropic.BadRequestError, lambda: ask(goodbye + done[:1] + hello, tools=tools))
    refused("a temperature", anthropic.BadRequestError, lambda: ask(hello, extra_body={"temperature": 1.0}))
    refused("a beginning of the answer", anthropic.BadRequestError, lambda: ask(hello + [{"role": "assistant", "content": "I"}]))

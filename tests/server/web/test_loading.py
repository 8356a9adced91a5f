"""Searches while the model is being loaded."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
from elasticsearch import Elasticsearch

from es_jina.providers import open_tokenizer
from es_jina.providers.local import LocalProvider
from es_jina.server.limits import Limits
from es_jina.server.run import listen
from es_jina.server.serving import Served, Settings, assemble, url_of
from tests.server.running import PATIENCE


def test_a_search_waits_for_the_model_and_ends_with_the_server(
    client: Elasticsearch, provider: LocalProvider, searched: str
) -> None:
    loading = threading.Event()
    listening = listen("127.0.0.1", 0)
    served = Served(
        provider.model,
        lambda: [provider][: loading.wait(PATIENCE)],
        lambda: open_tokenizer("local", provider.model.name),
        client,
    )
    settings = Settings(limits=Limits(), indices=(searched,))
    process, app = assemble(listening, served, settings, lambda _: None)
    serving = threading.Thread(target=process.run, args=(app,))
    serving.start()
    try:
        with (
            httpx.Client(base_url=url_of(listening, tls=False), timeout=PATIENCE) as asking,
            ThreadPoolExecutor() as threads,
        ):
            # Those by words need no model.
            words = {"query": "fox", "mode": "text"}
            assert asking.post("/v1/search", json=words).json()["hits"][0]["name"] == "fox.md"
            waiting = threads.submit(asking.post, "/v1/search", json={"query": "a sly fox"})
            while "es_jina_queue_size 1" not in asking.get("/metrics").text:
                assert not waiting.done()
            assert asking.get("/v1/indices").status_code == 200
            process.stop()
            assert waiting.result().status_code == 429
    finally:
        loading.set()
        process.stop()
        serving.join(PATIENCE)
    assert not serving.is_alive()

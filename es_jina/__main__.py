"""``python -m es_jina`` is ``es-jina``."""

from es_jina.cli.main import main

main()

"""How the demo checkpoint is trained; see :mod:`es_jina.demo.train`."""

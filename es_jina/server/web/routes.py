"""The routes of the search page."""

from fastapi import FastAPI

from es_jina.server.web import adding, explaining, indices, pictures, searching, site
from es_jina.server.web.drawing import Drawing
from es_jina.server.web.parts import Web
from es_jina.server.web.source_files import SourceFiles


def add_web(app: FastAPI, web: Web) -> None:
    """Add all of them to an application.

    Args:
        app: gets the routes.
        web: what they are made of.
    """
    drawing = Drawing(SourceFiles(web.fetch))
    web.closing.callback(drawing.close)
    site.add(app)
    indices.add(app, web)
    searching.add(app, web)
    explaining.add(app, web, drawing)
    pictures.add(app, web, drawing)
    adding.add(app, web.adding)

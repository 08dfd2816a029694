"""What lies beside the templates and goes out as it is."""

from pathlib import Path

from aiohttp import web

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Files:
    """Serves the files of one folder by name, each read once."""

    def __init__(self) -> None:
        folder = Path(__file__).parent / "static"
        self._bodies = {
            one.name: one.read_bytes() for one in folder.iterdir() if one.suffix in TYPES
        }

    async def answer(self, request: web.Request) -> web.Response:
        """Return the file that the address names."""
        name = request.match_info["name"]
        if name not in self._bodies:
            raise web.HTTPNotFound
        return web.Response(body=self._bodies[name], content_type=TYPES[Path(name).suffix])

"""Package URLs of Go modules (https://github.com/package-url/purl-spec, type ``golang``)."""

from urllib.parse import quote


def purl(module: str, version: str) -> str:
    """``pkg:golang/golang.org/x/net@v0.7.0``; ``stdlib`` has Go's version without a ``v``.

    ``version`` may lack its ``v``; without a version, as of a replacement by a folder, the purl
    has none.
    """
    name = "/".join(quote(part, safe="") for part in module.split("/"))
    known = version.removeprefix("v")
    if not known or known == "(devel)":
        return f"pkg:golang/{name}"
    shown = known if module == "stdlib" else f"v{known}"
    return f"pkg:golang/{name}@{quote(shown, safe=':')}"

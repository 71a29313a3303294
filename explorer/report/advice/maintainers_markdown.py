"""The message to maintainers as Markdown for a GitHub issue."""

from __future__ import annotations

from explorer.report.advice.maintainers import FileEvidence, MaintainerNote, proof_sentences
from explorer.report.advice.snippet import Snippet
from explorer.report.markup import code, fence, prose


def maintainer_note_markdown(note: MaintainerNote) -> str:
    """The whole message. What may quote a file cannot become a mention, a link or a heading."""
    parts = [f"## {prose(note.title)}"]
    parts.append(f"{code(f'{note.repo} {note.tag}')}, {prose(f'{note.platform} on {note.target}')}")
    parts.append("\n".join(prose(sentence) for sentence in note.proposal))
    if note.files:
        parts.append("### What is known")
        parts.append("\n".join(_file(file) for file in note.files))
    if note.unknown:
        parts.append("### What is not known")
        parts.append("\n".join(f"- {prose(sentence)}" for sentence in note.unknown))
    if note.snippets:
        parts.append("### Lines to paste")
        parts += [_snippet(snippet) for snippet in note.snippets]
    elif note.no_lines:
        parts.append(prose(f"{note.no_lines}."))
    return "\n\n".join(parts) + "\n"


def _file(file: FileEvidence) -> str:
    lines = [f"- {code(file.name)}: **{file.answer.value}**. {prose(file.text)}"]
    if file.seen_at:
        lines.append(f"  - seen at: {code(file.seen_at)}")
    if file.known_from:
        lines.append(f"  - read: {prose(file.known_from)}")
    lines += [f"  - {prose(sentence)}" for sentence in proof_sentences(file)]
    return "\n".join(lines)


def _snippet(snippet: Snippet) -> str:
    note = f"{prose(snippet.note)}\n\n" if snippet.note else ""
    return f"**{prose(snippet.title)}**\n\n{note}{fence(snippet.lines, snippet.language)}"

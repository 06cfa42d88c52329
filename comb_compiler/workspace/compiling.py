"""What protoc says of gathered .proto files, asked anew. Loaded only for files that nobody asked about before."""

import posixpath
from collections.abc import Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes, has_errors
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.protos import Schema
from comb_compiler.protos.compiled import Protos
from comb_compiler.protos.places import ProtoTexts
from comb_compiler.source import Unavailable, decode as decode_text
from comb_compiler.spec.suggest import closest
from comb_compiler.workspace.advice import advice
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.complaints import Complaint, without_echoes
from comb_compiler.workspace.protoc import run_protoc
from comb_compiler.workspace.protos import MOST_BYTES, MOST_FILES, Gathered, Missing, imports_of

__all__ = ["compile_anew"]

_SUFFIX = ".proto"


def compile_anew(gathered: Gathered, checkout: Checkout) -> tuple[Protos, bool]:
    """What the files are, and whether protoc was asked: without that, it may be otherwise next time.

    Raises OutsideFailure where protoc cannot be run.
    """
    too_large = _too_large(gathered)
    if too_large is not None:
        return Protos(None, b"", (too_large,)), False
    no_texts = tuple(finding for name in gathered.files for finding in _not_text(name, gathered))
    if no_texts:
        return Protos(None, b"", no_texts), False
    decoded = {name: content.decode("utf-8", "replace") for name, content in gathered.files.items()}
    texts = ProtoTexts({name: (gathered.paths[name], text) for name, text in decoded.items()})
    if gathered.missing:
        missing = tuple(bounded(_not_found(one, gathered, texts, checkout) for one in gathered.missing))
        return Protos(None, b"", missing), False
    return _compile(gathered, texts), True


def _too_large(gathered: Gathered) -> Diagnostic | None:
    """That there is more than anybody imports on purpose: protoc and each analysis would take it all in."""
    size, count = sum(map(len, gathered.files.values())), len(gathered.files)
    if size <= MOST_BYTES and count < MOST_FILES:
        return None
    main = gathered.paths[gathered.mains[0]]
    bound = f"{MOST_BYTES:,} bytes" if size > MOST_BYTES else f"{MOST_FILES - 1:,} files"
    message = f"`{main}` and what it imports are more than the {bound} that Comb compiles"
    hint = "import only the files whose messages the comb uses"
    return diagnose(codes.FILE_TOO_LARGE, message, Span.whole_file(main), hints=(hint,))


def _not_text(name: str, gathered: Gathered) -> list[Diagnostic]:
    """That a file is no UTF-8 text; protoc would take it, and everything that reads its comments not."""
    _, refused = decode_text(gathered.paths[name], gathered.files[name])
    return [finding for finding in refused if finding.code in (codes.NOT_UTF8, codes.BINARY_FILE)]


def _compile(gathered: Gathered, texts: ProtoTexts) -> Protos:
    from comb_compiler.protos.decode import BadDescriptors, decode, without_sources

    compiled = run_protoc(gathered.files, gathered.mains)
    imported = {name: [one.name for one in imports_of(gathered.files[name])] for name in gathered.files}
    complaints = without_echoes(compiled.complaints, imported)
    found = tuple(bounded(_finding(one, gathered, texts) for one in complaints))
    if has_errors(found):
        return Protos(None, b"", found)
    try:
        schema = decode(compiled.descriptors, gathered.paths, texts)
    except BadDescriptors as problem:
        complaint = Complaint(gathered.mains[0], None, str(problem), False)
        return Protos(None, b"", (*found, _finding(complaint, gathered, texts)))
    found += tuple(bounded(_groups(schema)))
    return Protos(schema, without_sources(compiled.descriptors), found)


def _groups(schema: Schema) -> Iterator[Diagnostic]:
    """The groups of proto2 in the checkout's files: they work, and nothing that is new should begin with one."""
    old = {file.name for file in schema.files.values() if file.path and file.syntax == "proto2"}
    for message in schema.messages.values():
        for field in message.fields if message.file in old else ():
            if field.kind == "group":
                text = f"`{field.name}` is a group of proto2, which proto3 and editions do not have"
                hint = "declare a message, and a field of it under a number of its own: a group has another encoding"
                yield diagnose(codes.PROTO_WARNING, text, field.span, hints=(hint,))


def _finding(complaint: Complaint, gathered: Gathered, texts: ProtoTexts) -> Diagnostic:
    code = codes.PROTO_WARNING if complaint.is_warning else codes.BAD_PROTO
    span = texts.token(complaint.name, *complaint.place) if complaint.place else None
    if span is None:
        span = Span.whole_file(gathered.paths.get(complaint.name, gathered.paths[gathered.mains[0]]))
    message = complaint.message.rstrip(".")
    message = message[0].lower() + message[1:] if message[:2].istitle() else message
    line, column = texts.line(complaint.name, *complaint.place) if complaint.place else ("", 0)
    advised = advice(complaint.message, line, column, (text for _, text in texts.all.values()))
    fix = None
    if advised.meant:
        fix = Fix(f"write `{advised.meant}`", (Edit(span, advised.meant),), Applicability.UNSAFE)
    return diagnose(code, message, span, hints=(advised.hint,) if advised.hint else (), fix=fix)


def _not_found(one: Missing, gathered: Gathered, texts: ProtoTexts, checkout: Checkout) -> Diagnostic:
    name = one.statement.name
    span = texts.range(one.importer, one.statement.start, one.statement.end)
    where = " and in ".join(f"`{root or '.'}`" for root in gathered.roots)
    hints = [f"imports are looked for in {where}; name further directories by `interface.include`"]
    if posixpath.normpath(name) != name or name.startswith(("/", "../")):
        hints = ["an import is a path from a directory of imports, without `.` and `..`"]
    refused = _refused(name, gathered)
    if refused is not None:
        hints.insert(0, f"{refused.message}: {refused.hint}" if refused.hint else refused.message)
    match = _similar(name, gathered, checkout)
    if match is not None:
        hints.insert(0, f"did you mean `{match}`?")
    return diagnose(
        codes.UNKNOWN_IMPORT, f"the file `{name}` that is imported here is not found", span, hints=(*hints,)
    )


def _refused(name: str, gathered: Gathered) -> Unavailable | None:
    """Why a file that may be there cannot be had."""
    found = (gathered.looked_at.get(posixpath.join(root, name)) for root in gathered.roots)
    return next((one for one in found if isinstance(one, Unavailable) and one.code is not codes.FILE_NOT_FOUND), None)


def _similar(name: str, gathered: Gathered, checkout: Checkout) -> str | None:
    directory, last = posixpath.split(name)
    for root in gathered.roots:
        names = checkout.names(posixpath.join(root, directory) or ".")
        files = {name.removesuffix(_SUFFIX): name for name in names if name.endswith(_SUFFIX)}
        match = closest(last.removesuffix(_SUFFIX), files)
        if match is not None and files[match] != last:
            return posixpath.join(directory, files[match])
    return None

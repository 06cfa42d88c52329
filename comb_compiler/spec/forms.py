"""What is said of text that has not the form it needs: a name, a reference, a path, a digest."""

import re
from typing import NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.spec.wording import Offence, listed, shortened

__all__ = ["form_offence", "too_long"]


class _Told(NamedTuple):
    """What the form is called, what to write, the code, and the characters that its text may hold."""

    noun: str
    hint: str
    code: codes.Code = codes.BAD_REFERENCE
    characters: str = ""


_NAME_HINT = "use lower-case letters, digits and inner hyphens, beginning with a letter"
_FORMS: dict[str, _Told] = {
    "name": _Told("a name", _NAME_HINT, codes.BAD_NAME, "[-a-z0-9]"),
    "comb-name": _Told(
        "a name for a comb",
        f"{_NAME_HINT.replace('inner', 'single inner')}, and not exactly two characters",
        codes.BAD_NAME,
        "[-a-z0-9]",
    ),
    "identifier": _Told(
        "a name of a step or port",
        "use lower-case letters, digits and underscores, beginning with a letter",
        codes.BAD_NAME,
        "[a-z0-9_]",
    ),
    "version": _Told(
        "a version",
        "use letters, digits and inner dots, hyphens and underscores, and quote it",
        codes.BAD_NAME,
        "[-+._A-Za-z0-9]",
    ),
    "label": _Told(
        "a label's key",
        "use up to 63 letters, digits, `-`, `_`, `.`, and an optional `domain/` before it",
        codes.BAD_NAME,
        "[-./_A-Za-z0-9]",
    ),
    "label-value": _Told(
        "a label's value",
        "use up to 63 letters, digits, `-`, `_` and `.`; quote numbers",
        codes.BAD_NAME,
        "[-._A-Za-z0-9]",
    ),
    "profile": _Told(
        "a profile of MIG",
        "write it as `nvidia-smi mig -lgip` does, such as `1g.5gb`",
        codes.BAD_NAME,
        "[-+._A-Za-z0-9]",
    ),
    "model-reference": _Told("a reference to a model version", "write `model@version`, such as `text-angle@1.4.0`"),
    "digest": _Told(
        "a SHA-256 digest",
        "write 64 lower-case hexadecimal digits, or leave it out and run `comb lock`",
        codes.BAD_DIGEST,
        "[0-9a-f]",
    ),
    "message-type": _Told("the name of a Protobuf message", "write the full name, such as `moderation.v1.Boxes`"),
    "method": _Told("a Protobuf method", "write `package.Service/Method`, such as `moderation.v1.Moderation/Check`"),
    "path": _Told("a path inside the repository", "write a path with `/`, from this file's directory", codes.BAD_PATH),
    "uri": _Told(
        "a place where bytes are",
        "write a relative path, `python://package/file`, or a URI such as `s3://bucket/key`",
        codes.BAD_PATH,
    ),
    "url": _Told(
        "a URL",
        "write `scheme://host:port/…`, without credentials: secrets are referred to, never written",
        codes.BAD_PATH,
    ),
    "endpoint": _Told(
        "the address of a gRPC server",
        "write `grpc://host:port`, or `grpcs://host:port` for TLS, without credentials",
        codes.BAD_PATH,
    ),
    "text": _Told("a text", "write something that can be read, without control characters", codes.EMPTY_VALUE),
    "entry-point": _Told("a Python entry point", "write `package.module:Name`, such as `operators.text:Detect`"),
    "image": _Told("a container image by its digest", "write `registry/repository@sha256:…`"),
    "field-path": _Told("a path of fields", "write Protobuf's field names with dots, such as `request.frame.user_id`"),
    "sticky-key": _Told("a sticky key", "write `header/x-user-id`, or a field such as `request.user_id`"),
    "header": _Told("the name of a header", "write letters, digits and hyphens, such as `x-user-bucket`"),
    "hostname": _Told("the name of a host", "write it in full and in lower case, such as `combs.example.com`"),
    "series-label": _Told("a label of Prometheus", "write letters, digits and `_`, such as `exported_pod`"),
    "date": _Told("a day", "write year, month and day, such as `2027-01-31`"),
    "git-ref": _Told("a branch", "write a branch name, such as `main`"),
    "repository": _Told("a registry and a path", "write `host/path` in lower case, without a tag"),
    "key": _Told("a public key", "write `ssh-ed25519 AAAA…` as in authorized_keys, or an armoured OpenPGP block"),
    "resource": _Told(
        "an extended resource",
        "write `vendor/resource`, such as `nvidia.com/gpu`: up to 63 characters after the `/`, and no `kubernetes.io`",
    ),
}
_DIGEST_LENGTH = 64
_LONGEST_KEY = 63
_LONGEST_DOMAIN = 253
_RESERVED_LENGTH = 2
"""DNS reserves names whose third and fourth characters are hyphens (RFC 5890); some libraries refuse them."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAMES = ("name", "comb-name", "identifier", "version", "label", "label-value", "resource")


def form_offence(form: str, field: str, text: str) -> Offence:
    """What is wrong with `text`, which is not of `form`."""
    told = _FORMS[form]
    if not text.strip() and form != "label-value":
        message = f"{field} holds nothing but blanks" if text else f"{field} is empty"
        return Offence(codes.EMPTY_VALUE, message, (told.hint,))
    if form == "text":
        control = _CONTROL.search(text)
        message = f"{field} holds the control character U+{ord(control[0]) if control else 0:04X}"
        return Offence(codes.CONTROL_CHARACTER, message, (told.hint,))
    return Offence(told.code, f"`{shortened(text)}` is not {told.noun}", (told.hint,), _seen(form, told, text))


def too_long(form: str, field: str, text: str, longest: int) -> Offence:
    """What is said of more characters than a form allows."""
    if form == "digest":
        return form_offence(form, field, text)
    why = "it becomes part of Kubernetes names, which are bounded" if form in _NAMES else "no system takes that many"
    message = f"{field} has {len(text):,} characters, and at most {longest:,} fit"
    return Offence(codes.TOO_LONG, message, (f"shorten it: {why}",))


def _seen(form: str, told: _Told, text: str) -> str:
    """What exactly is wrong, where characters or their number tell."""
    if not told.characters:
        return ""
    strange = dict.fromkeys(re.sub(told.characters, "", text))
    if form == "digest":
        prefix = text.startswith("sha256:")
        count = f"{len(text)} characters instead of {_DIGEST_LENGTH}"
        return "begins with `sha256:`" if prefix else count if len(text) != _DIGEST_LENGTH else _not_allowed(strange)
    if strange:
        return _not_allowed(strange)
    if form == "label" and (odd := _odd_in_key(text)):
        return odd
    if form == "comb-name" and "--" in text:
        return "`--` stands between a comb's name and the rest of what its objects are called"
    if form == "comb-name" and text.isalnum() and len(text) == _RESERVED_LENGTH and text[0].isalpha():
        return "two characters before `--` are a DNS name that is reserved: use one, or three and more"
    return f"{'begins' if _begins_wrong(form, text) else 'ends'} with `{text[0 if _begins_wrong(form, text) else -1]}`"


def _odd_in_key(text: str) -> str:
    """What is wrong with a label's key, where it is not how it begins or ends."""
    domain, slash, name = text.rpartition("/")
    if len(name) > _LONGEST_KEY:
        return f"{len(name)} characters{' after the `/`' if slash else ''}, and at most {_LONGEST_KEY} fit"
    if len(domain) > _LONGEST_DOMAIN:
        return f"{len(domain)} characters before the `/`, and at most {_LONGEST_DOMAIN} fit"
    if "/" in domain:
        return "only one `/` is allowed here"
    return "a domain is written in lower case" if domain != domain.lower() else ""


def _not_allowed(strange: dict[str, None]) -> str:
    shown = list(dict.fromkeys(character if character.strip() else "a blank" for character in strange))[:3]
    words = listed(shown).replace("`a blank`", "a blank")
    return f"{words} {'is' if len(shown) == 1 else 'are'} not allowed here"


def _begins_wrong(form: str, text: str) -> bool:
    letters_first = form in ("name", "comb-name", "identifier")
    return not (text[0].isalpha() if letters_first else text[0].isalnum())

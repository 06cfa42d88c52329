"""Print what completes comb's commands and options in a shell, made from the commands themselves.

example:
  source <(comb completion bash)                                        in ~/.bashrc
  source <(comb completion zsh)                                         in ~/.zshrc, after compinit
  comb completion fish > ~/.config/fish/completions/comb.fish
"""

import argparse
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from comb_compiler.cli.commands import COMMANDS, GROUPS
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit

__all__ = ["add_arguments", "run"]


class _Option(NamedTuple):
    names: tuple[str, ...]
    choices: tuple[str, ...]
    takes: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(arguments: argparse.Namespace, console: Console) -> int:
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]
    console.result("\n".join(write(_options(), _firsts())))
    return Exit.CLEAN


def _options() -> dict[str, list[_Option]]:
    """The options of each command, by its name."""
    found = {}
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(command.module).add_arguments(parser)
        actions = [one for one in parser._actions if one.option_strings]
        found[command.name] = [
            _Option(tuple(one.option_strings), tuple(map(str, one.choices or ())), one.nargs != 0) for one in actions
        ]
    return found


def _firsts() -> dict[str, str]:
    """What is said of each first word."""
    summaries = {one.name: one.summary for one in COMMANDS if " " not in one.name}
    return {**summaries, **GROUPS}


def _seconds(group: str) -> list[str]:
    return [one.name.split()[1] for one in COMMANDS if one.name.startswith(f"{group} ")]


def _offered(options: Sequence[_Option]) -> str:
    return " ".join(name for option in options for name in option.names)


def _cases(options: Mapping[str, Sequence[_Option]], firsts: Mapping[str, str], offer: str) -> Iterator[str]:
    """Branches of a `case` over the first two words; `offer` puts words before the user."""
    for name, own in sorted(options.items(), key=lambda one: " " not in one[0]):  # a shell takes the first that fits
        yield f"    {name.replace(' ', chr(92) + ' ')}{'' if ' ' in name else chr(92) + ' *'})"
        chosen = [option for option in own if option.choices]
        if chosen:
            yield '      case "$before" in'
            for option in chosen:
                yield f"        {'|'.join(option.names)}) {offer.format(' '.join(option.choices))}; return ;;"
            yield "      esac"
        if name in GROUPS:
            yield f"      [[ $before == {name} && $now != -* ]] && {offer.format(' '.join(_seconds(name)))}"
        yield f"      [[ $now == -* ]] && {offer.format(_offered(own))} ;;"
    for group in (one for one in firsts if one in GROUPS and one not in options):
        yield f"    {group}\\ ) {offer.format(' '.join(_seconds(group)))} ;;"
    yield f"    \\ ) {offer.format(' '.join([*firsts, '--help', '--version']))} ;;"


def _bash(options: Mapping[str, Sequence[_Option]], firsts: Mapping[str, str]) -> Iterator[str]:
    yield from (
        "_comb() {",
        '  local now="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" first="" second="" word',
        '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        "    [[ $word == -* ]] && continue",
        "    if [[ -z $first ]]; then first=$word; else second=$word; break; fi",
        "  done",
        "  COMPREPLY=()",
        '  case "$first $second" in',
        *_cases(options, firsts, 'COMPREPLY=($(compgen -W "{}" -- "$now"))'),
        "  esac",
        "}",
        "complete -o default -F _comb comb",
    )


def _zsh(options: Mapping[str, Sequence[_Option]], firsts: Mapping[str, str]) -> Iterator[str]:
    yield from (
        "#compdef comb",
        "_comb() {",
        '  local now="${words[CURRENT]}" before="${words[CURRENT-1]}" first="" second="" word',
        '  for word in "${(@)words[2,CURRENT-1]}"; do',
        "    [[ $word == -* ]] && continue",
        "    if [[ -z $first ]]; then first=$word; else second=$word; break; fi",
        "  done",
        '  case "$first $second" in',
        *_cases(options, firsts, "compadd -- {}"),
        "  esac",
        "  [[ $now == -* || -z $first ]] || _files",
        "}",
        "compdef _comb comb",
    )


def _fish(options: Mapping[str, Sequence[_Option]], firsts: Mapping[str, str]) -> Iterator[str]:
    every = " ".join(firsts)
    yield f"complete -c comb -f -n 'not __fish_seen_subcommand_from {every}' -l version -l help"
    for first, summary in firsts.items():
        said = summary.replace("'", "\\'")
        yield f"complete -c comb -f -n 'not __fish_seen_subcommand_from {every}' -a {first} -d '{said}'"
    for command in COMMANDS:
        first, _, second = command.name.partition(" ")
        seen = f"__fish_seen_subcommand_from {first}"
        others = " ".join(_seconds(first))
        if others and not second:
            seen += f"; and not __fish_seen_subcommand_from {others}"
        if second:
            said = command.summary.replace("'", "\\'")
            alone = f"{seen}; and not __fish_seen_subcommand_from {others}"
            yield f"complete -c comb -f -n '{alone}' -a {second} -d '{said}'"
            seen += f"; and __fish_seen_subcommand_from {second}"
        for option in options[command.name]:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            takes = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r" if option.takes else ""
            yield f"complete -c comb -n '{seen}' {names}{takes}"

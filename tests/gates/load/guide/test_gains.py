"""What the guide says of planted problems, applied, gains what it said."""

from pathlib import Path

from tests.gates.load.guide.planted import Measured, comb, measured, mended, of

PORTS = "in: {ask: plant.v1.Ask}, out: plant.v1.Tell"


def gains(directory: Path, before: Measured, rule: str, rate: float, seconds: float) -> Measured:
    """The measured gain lies in the interval that was stated."""
    advice = before.advice(rule)
    after = measured(mended(directory, advice), rate, seconds)
    gained = before.latency - after.latency
    assert advice.gain.lower <= gained <= advice.gain.upper, (advice, gained, before.run, after.run)
    return after


def test_workers_that_are_too_few(tmp_path: Path) -> None:
    directory = comb(
        tmp_path / "few",
        f'  slow: {{run: "operators:Slow", {PORTS}}}\n',
        "  told: slow(ask=$request)\n  return: told\n",
        of("Slow", "time.sleep(0.1); return self.answer(text=ask.text)"),
    )
    before = measured(directory, 8, 6)
    assert before.guide.bound is not None
    assert (before.guide.bound.operator, before.guide.bound.by) == ("slow", "queue")
    after = gains(directory, before, "too-few-workers", 8, 6)
    assert "too-few-workers" not in after.rules

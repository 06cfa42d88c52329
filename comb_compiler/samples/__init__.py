"""Samples: requests with what is expected of their answers. Sets of them lie in the repository as files."""

from comb_compiler.samples.expectations import missed
from comb_compiler.samples.files import load_sample_set
from comb_compiler.samples.model import ERRORS, FileText, Flaw, Kept, Mark, Sample, SampleSet

__all__ = ["ERRORS", "FileText", "Flaw", "Kept", "Mark", "Sample", "SampleSet", "load_sample_set", "missed"]

"""Coverage-guided fuzzing of every parser: ``make fuzz``. Not part of ``make test``."""

"""The commands: training by Hydra without a verb, and one module for each verb."""

VERBS = ("table", "report", "upscale", "evaluate", "export")

"""The app: a thin face on the workbench, drawn with Textual."""

"""The commands: a thin face on the workbench. stdout is data; textual is never imported here."""

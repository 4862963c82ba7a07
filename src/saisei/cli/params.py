import typer
app = typer.Typer()
@app.command("list")
def list_() -> None:
    "x"
    print("hello")
@app.command()
def show(id: str) -> None:
    "show"
    raise FileNotFoundError(2, "No such file", id)

from datetime import datetime, timezone
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

STATIC = Path(__file__).parent / "static"

app = FastAPI(title="New app")
app.mount("/static", StaticFiles(directory=STATIC), name="static")


class Greeting(BaseModel):
    message: str
    time: datetime


@app.get("/", include_in_schema=False)
def home() -> FileResponse:
    return FileResponse(STATIC / "index.html")


# The preview is ready once this answers 200.
@app.get("/health")
def health() -> dict:
    return {"status": "ok"}


@app.get("/api/hello")
def hello(name: str = "world") -> Greeting:
    return Greeting(message=f"Hello, {name}!", time=datetime.now(timezone.utc))

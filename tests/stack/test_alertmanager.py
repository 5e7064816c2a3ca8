"""The Alertmanager finds the receiver's address, wherever it is started."""

from pathlib import Path

from stack._components import all_components
from stack._settings import Settings


def test_the_receivers_address_lies_where_it_is_started(tmp_path: Path) -> None:
    """`url_file` is relative to the working folder, and the address is the configuration's own."""
    config = tmp_path / "config" / "alertmanager.yml"
    config.parent.mkdir()
    config.with_name("oncall.url").write_text("http://127.0.0.1:1/alerts")
    environ = {"CLEW_STACK_DIR": str(tmp_path), "CLEW_ALERTMANAGER_CONFIG": str(config)}
    settings = Settings.read(environ)
    [component] = [c for c in all_components(settings) if c.name == "alertmanager"]
    component.data_dir.mkdir(parents=True)
    for _ in range(2):  # it may be there from an earlier start
        assert component.prepare is not None
        component.prepare(Path("alertmanager"), None)
    assert (component.data_dir / "oncall.url").read_text() == "http://127.0.0.1:1/alerts"

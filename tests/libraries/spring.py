"""A Spring Boot app of the page's settings and code, and of what a test adds to them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.libraries.page import Section
from tests.libraries.program import installed
from tests.support.polling import eventually
from tests.support.servers import answers

BOOT, SECURITY = "4.1.2", "7.1.2"
POM = f"""
<project xmlns="http://maven.apache.org/POM/4.0.0">
    <modelVersion>4.0.0</modelVersion>
    <parent>
        <groupId>org.springframework.boot</groupId>
        <artifactId>spring-boot-starter-parent</artifactId>
        <version>{BOOT}</version>
        <relativePath/>
    </parent>
    <groupId>example</groupId>
    <artifactId>diary</artifactId>
    <version>1</version>
    <dependencies>
        <dependency>
            <groupId>org.springframework.boot</groupId>
            <artifactId>spring-boot-starter-webmvc</artifactId>
        </dependency>
        DEPENDENCY
    </dependencies>
</project>
"""


@contextmanager
def spring_app(folder: Path, page: Section, port: int, settings: str, diary: str, main: str) -> Iterator[None]:
    """Runs the classes Diary and Main until the test has ended; without Java, Maven or its registry it is skipped."""
    java, javac, mvn = installed("java"), installed("javac"), installed("mvn")
    (folder / "pom.xml").write_text(POM.replace("DEPENDENCY", page.block("xml")))
    fetch = [mvn, "--quiet", "--batch-mode", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
    if subprocess.run(fetch, cwd=folder, capture_output=True, check=False).returncode:
        pytest.skip(f"Maven could not fetch Spring Boot {BOOT}")
    assert (folder / "jars" / f"spring-security-core-{SECURITY}.jar").exists()
    (folder / "Diary.java").write_text(diary)
    (folder / "Main.java").write_text(main)
    sources = [javac, "-parameters", "-d", "app", "-cp", "jars/*", "Diary.java", "Main.java"]
    subprocess.run(sources, cwd=folder, check=True)
    (folder / "application.yml").write_text(settings)
    run = [java, "-XX:TieredStopAtLevel=1", "-cp", "app:jars/*", "diary.Main", f"--server.port={port}"]
    with (folder / "log").open("w") as log, subprocess.Popen(run, cwd=folder, stdout=log, stderr=log) as running:
        try:
            eventually(lambda: answers(port), within=120)
            yield
        finally:
            running.terminate()

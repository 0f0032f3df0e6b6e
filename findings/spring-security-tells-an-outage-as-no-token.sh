#!/usr/bin/env bash
# Spring Boot 4.1.2, Spring Security 7.1.2: a resource server of opaque tokens whose introspection endpoint is out of reach.
# Expected: a 5xx, since nothing is known of the token: the failure is an AuthenticationServiceException, which is thrown on.
# Seen: 401 with a plain Bearer challenge, as if no token had been sent, so clients throw a good one away. What was thrown
# becomes an error dispatch to /error, which is judged again, without authentication this time.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>4.1.2</version>
    <relativePath/>
  </parent>
  <groupId>example</groupId>
  <artifactId>api</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-webmvc</artifactId>
    </dependency>
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-security-oauth2-resource-server</artifactId>
    </dependency>
  </dependencies>
</project>
XML
cat >Api.java <<'JAVA'
package api;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class Api {
    public static void main(String[] arguments) {
        SpringApplication.run(Api.class, arguments);
    }
}
JAVA
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >application.yml <<YAML
server.port: $port
spring.security.oauth2.resourceserver.opaquetoken:
  introspection-uri: http://127.0.0.1:1/introspect
  client-id: api
  client-secret: secret
YAML
mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
javac -d app -cp 'jars/*' Api.java
java -cp 'app:jars/*' api.Api >log 2>&1 &
server=$!
ask() { curl -s -o answer -D head -w '%{http_code}\n' "http://127.0.0.1:$port/" "$@"; }
for _ in $(seq 120); do ask >/dev/null && break; sleep 1; done
seen=$(ask -H 'Authorization: Bearer a-token'; grep -io '^www-authenticate: bearer error' head || echo "no error in the challenge")
printf '%s\n' "$seen"
[ "$seen" = "401
no error in the challenge" ] || { echo "This has changed." >&2; exit 1; }

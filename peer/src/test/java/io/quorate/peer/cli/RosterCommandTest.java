package io.quorate.peer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.CommandRun;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RosterCommandTest {
    @TempDir
    private Path folder;

    private Path keyA;
    private Path keyB;

    @BeforeEach
    void generateKeys() {
        assertThat(CommandRun.of("keys", "generate", "--out", folder.resolve("a"))
                        .exitCode())
                .isZero();
        assertThat(CommandRun.of("keys", "generate", "--out", folder.resolve("b"))
                        .exitCode())
                .isZero();
        keyA = folder.resolve("a/identity.pub");
        keyB = folder.resolve("b/identity.pub");
    }

    @Test
    void shouldKeepSecretsPrivate() throws IOException {
        assertThat(permissions(folder.resolve("a"))).isEqualTo("rwx------");
        assertThat(permissions(folder.resolve("a/identity.key"))).isEqualTo("rw-------");
    }

    @Test
    void shouldPrintFingerprintOfNewKey() throws IOException {
        final CommandRun run = CommandRun.of("keys", "generate", "--out", folder.resolve("c"));
        assertThat(run.out().strip())
                .endsWith(PeerIdentity.load(folder.resolve("c/identity.key")).fingerprint());
        assertThat(run.err()).isEmpty();
    }

    @Test
    void shouldNeverOverwriteKeys() throws IOException {
        final String before = Files.readString(keyA);
        Files.delete(folder.resolve("a/identity.key"));
        final CommandRun again = CommandRun.of("keys", "generate", "--out", folder.resolve("a"));
        assertThat(again.exitCode()).isEqualTo(2);
        assertThat(again.err()).contains("identity.pub", "never overwritten");
        assertThat(Files.readString(keyA)).isEqualTo(before);
        assertThat(folder.resolve("a/identity.key")).doesNotExist();
    }

    @Test
    void shouldNumberPeersInTheOrderGiven() {
        final CommandRun run = CommandRun.of(
                "roster", "create", keyA + "@10.0.0.1:4000", keyB + "@[::1]:4001", "--names", "left,right");
        assertThat(run.exitCode()).isZero();
        final Roster roster = Roster.parse(run.out(), "printed");
        assertThat(roster.size()).isEqualTo(2);
        assertThat(roster.epoch()).isEqualTo(1);
        assertThat(roster.peer(0).name()).isEqualTo("left");
        assertThat(roster.peer(0).address()).isEqualTo("10.0.0.1:4000");
        assertThat(roster.peer(1).address()).isEqualTo("[::1]:4001");
    }

    @Test
    void shouldWriteNewFileOnly() throws IOException {
        final Path out = folder.resolve("roster.txt");
        final CommandRun first = CommandRun.of("roster", "create", keyA + "@h:1", "--out", out);
        assertThat(first.exitCode()).isZero();
        assertThat(first.out()).isEmpty();
        final String written = Files.readString(out);
        final CommandRun second = CommandRun.of("roster", "create", keyB + "@h:1", "--out", out);
        assertThat(second.exitCode()).isEqualTo(2);
        assertThat(second.err()).contains("already there");
        assertThat(Files.readString(out)).isEqualTo(written);
    }

    @Test
    void shouldRefuseDoubleAddressesAndKeys() {
        assertThat(CommandRun.of("roster", "create", keyA + "@h:1", keyB + "@h:1")
                        .err())
                .contains("has the address h:1 of another peer");
        assertThat(CommandRun.of("roster", "create", keyA + "@h:1", keyA + "@h:2")
                        .err())
                .contains("of another peer");
        assertThat(CommandRun.of("roster", "create", keyA + "@h:1", keyB + "@h:2", "--names", "x")
                        .err())
                .contains("1 names given for 2 peers");
    }

    private static String permissions(final Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}

package io.quorate.peer.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ThreadingMode;
import io.quorate.peer.CommandRun;
import io.quorate.peer.format.JsonLine;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each check passes where all is well and says what to change where it is not. */
class DoctorTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    @Test
    void shouldWantRoomForTheDriversLogs() {
        final HostChecks host = new HostChecks(folder);
        assertThat(host.memory("/dev/shm", 1024 * MIB, "tmpfs", 4).verdict()).isEqualTo(Finding.Verdict.OK);
        final Finding small = host.memory("/dev/shm", 32 * MIB, "tmpfs", 4);
        assertThat(small.verdict()).isEqualTo(Finding.Verdict.FAIL);
        assertThat(small.advice()).contains("--shm-size");
        assertThat(host.memory("/dev/shm", 64 * MIB, "tmpfs", 7).verdict()).isEqualTo(Finding.Verdict.FAIL);
        assertThat(host.memory("/tmp", 1024 * MIB, "ext4", 4).verdict()).isEqualTo(Finding.Verdict.WARN);
    }

    @Test
    void shouldCompareTheKernelWithItsAdvice() throws IOException {
        final Path advice = Files.writeString(
                folder.resolve("sysctl.conf"),
                "# words = 1\nnet.core.rmem_max = 4194304\nnet.core.wmem_max = 4194304\nvm.swappiness = 1\n");
        setting("net/core/rmem_max", "4194304");
        setting("net/core/wmem_max", "65536");
        setting("vm/swappiness", "60");
        final HostChecks host = new HostChecks(folder);
        final List<Finding> findings = host.kernelSettings(advice);
        assertThat(findings).extracting(Finding::check).doesNotHaveDuplicates();
        assertThat(find(findings, "net.core.rmem_max").verdict()).isEqualTo(Finding.Verdict.OK);
        assertThat(find(findings, "net.core.wmem_max").verdict()).isEqualTo(Finding.Verdict.FAIL);
        assertThat(find(findings, "net.core.wmem_max").advice()).startsWith("sysctl -w net.core.wmem_max=");
        assertThat(find(findings, "vm.swappiness").verdict()).isEqualTo(Finding.Verdict.WARN);

        setting("net/core/wmem_max", "212992");
        setting("vm/swappiness", "0");
        final List<Finding> better = host.kernelSettings(advice);
        assertThat(find(better, "net.core.wmem_max").verdict()).isEqualTo(Finding.Verdict.WARN);
        assertThat(better).extracting(Finding::check).doesNotContain("vm.swappiness");
        assertThat(new HostChecks(folder.resolve("nowhere")).kernelSettings(advice))
                .allMatch(one -> one.verdict() == Finding.Verdict.WARN);
    }

    /** The kernel gives its settings away in one read or not at all. */
    @Test
    void shouldReadThisKernelsSettingsToTheEnd() throws IOException {
        final String key = "net.core.rmem_max";
        final Path file = Path.of("/proc/sys/net/core/rmem_max");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.isReadable(file));
        final List<Finding> findings = new HostChecks(Path.of("/")).kernelSettings(folder.resolve("none"));
        assertThat(find(findings, key).found())
                .matches(Files.readAllLines(file).getFirst() + "(, the driver asks for \\d+)?");
    }

    @Test
    void shouldLookAtNetworkCoresAndClock() throws IOException {
        final HostChecks host = new HostChecks(folder);
        assertThat(host.mtu("eth0", 1500).verdict()).isEqualTo(Finding.Verdict.OK);
        assertThat(host.mtu("wg0", 1420).verdict()).isEqualTo(Finding.Verdict.WARN);
        assertThat(HostChecks.cores(2, null).verdict()).isEqualTo(Finding.Verdict.OK);
        assertThat(HostChecks.cores(8, null).verdict()).isEqualTo(Finding.Verdict.OK);
        assertThat(HostChecks.cores(1, ThreadingMode.SHARED).verdict()).isEqualTo(Finding.Verdict.WARN);
        final Finding dedicated = HostChecks.cores(2, ThreadingMode.DEDICATED);
        assertThat(dedicated.verdict()).isEqualTo(Finding.Verdict.FAIL);
        assertThat(dedicated.advice()).contains("--threading shared");
        assertThat(host.clock().verdict()).isEqualTo(Finding.Verdict.WARN);
        final Path clock = folder.resolve("sys/devices/system/clocksource/clocksource0/current_clocksource");
        Files.createDirectories(clock.getParent());
        Files.writeString(clock, "tsc\n");
        assertThat(host.clock()).isEqualTo(Finding.ok("clock", "tsc"));
        Files.writeString(clock, "hpet\n");
        assertThat(host.clock().verdict()).isEqualTo(Finding.Verdict.WARN);
    }

    @Test
    void shouldPassThisJvmAndSoundFiles() throws IOException {
        assertThat(HostChecks.java().verdict()).isEqualTo(Finding.Verdict.OK);
        final Path keys = folder.resolve("keys");
        CommandRun.of("keys", "generate", "--out", keys);
        final Path key = keys.resolve("identity.key");
        final Path roster = folder.resolve("roster.txt");
        CommandRun.of("roster", "create", keys.resolve("identity.pub") + "@127.0.0.1:4010", "--out", roster);
        final CommandRun run = CommandRun.of("doctor", "--key", key, "--roster", roster, "--json");
        final Map<String, Object> report = JsonLine.read(run.out());
        assertThat(report).containsEntry("event", "doctor").containsEntry("healthy", run.exitCode() == 0);
        assertThat(verdicts(report))
                .containsEntry("key", "ok")
                .containsEntry("key folder", "ok")
                .containsEntry("roster", "ok");
    }

    @Test
    void shouldSayWhenFewerLiarsThanTheGroupBearsCanCutNewsOff() throws IOException {
        assertThat(overlayOf(7, "").orElseThrow().verdict()).isEqualTo(Finding.Verdict.OK);
        final Finding large = overlayOf(16, "").orElseThrow();
        assertThat(large.verdict()).isEqualTo(Finding.Verdict.WARN);
        assertThat(large.found()).contains("5 neighbours a peer", "round 4 liars", "bears 5");
        assertThat(large.advice()).isEqualTo("roster create --overlay-faults 5");
        assertThat(overlayOf(16, "overlay-faults 5\n").orElseThrow().verdict()).isEqualTo(Finding.Verdict.OK);
        assertThat(overlayOf(16, "membership off\n")).isEmpty();
    }

    private Optional<Finding> overlayOf(final int peerCount, final String setting) throws IOException {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            peers.add(new Roster.Peer(id, "p" + id, "127.0.0.1", 4000 + id, identity.publicKey()));
        }
        final Map<String, String> settings = setting.isEmpty()
                ? Map.of()
                : Map.of(setting.strip().split(" ")[0], setting.strip().split(" ")[1]);
        final Path file = folder.resolve("roster-" + peerCount + settings.size() + setting.length());
        Files.writeString(file, Roster.of(1, peers, settings).canonicalText());
        return PeerChecks.overlay(file);
    }

    @Test
    void shouldFailForFilesThatOthersCouldUse() throws IOException {
        final Path keys = folder.resolve("keys");
        CommandRun.of("keys", "generate", "--out", keys);
        final Path key = keys.resolve("identity.key");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rwxrwxrwx"));
        final Path data = Files.createDirectory(folder.resolve("data"));
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwxr-xr-x"));
        final CommandRun run =
                CommandRun.of("doctor", "--key", key, "--data", data, "--roster", folder.resolve("none.txt"), "--json");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(verdicts(JsonLine.read(run.out())))
                .containsEntry("key", "fail")
                .containsEntry("key folder", "fail")
                .containsEntry("data", "fail")
                .containsEntry("roster", "fail");
        final CommandRun text = CommandRun.of("doctor", "--data", data);
        assertThat(text.exitCode()).isEqualTo(1);
        assertThat(text.out()).contains("fail  data").contains("-> chmod 700 " + data);
    }

    private void setting(final String name, final String value) throws IOException {
        final Path file = folder.resolve("proc/sys").resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, value + "\n");
    }

    private static Finding find(final List<Finding> findings, final String check) {
        return findings.stream()
                .filter(one -> one.check().equals(check))
                .findFirst()
                .orElseThrow();
    }

    private static Map<Object, Object> verdicts(final Map<String, Object> report) {
        final Map<Object, Object> verdicts = new java.util.HashMap<>();
        ((List<?>) report.get("checks"))
                .forEach(one -> verdicts.put(((Map<?, ?>) one).get("check"), ((Map<?, ?>) one).get("verdict")));
        return verdicts;
    }
}

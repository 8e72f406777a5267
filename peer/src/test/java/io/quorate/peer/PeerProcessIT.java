package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.format.JsonLine;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.PeerIdentity;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Four peers as a user runs them: made, started, asked and stopped by commands alone. The tests share one group, in order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PeerProcessIT {
    private static final int PEERS = 4;
    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));

    private static Path folder;
    private static Path roster;
    private static final int[] PORTS = new int[PEERS];
    private static final List<Process> PROCESSES = new ArrayList<>();
    private static final List<String> READY = new ArrayList<>();
    private static final List<String> PREDICTED = new ArrayList<>();

    private record Run(int exitCode, String out, String err) {}

    @BeforeAll
    static void startGroup() throws Exception {
        // In memory, so that the media drivers' folders lie in here, too, and nothing can be left elsewhere.
        folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "peer-it-");
        roster = folder.resolve("roster.txt");
        final List<String> create = new ArrayList<>(List.of("roster", "create"));
        final List<DatagramSocket> held = new ArrayList<>();
        for (int id = 0; id < PEERS; id++) {
            held.add(new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0)));
            PORTS[id] = held.get(id).getLocalPort();
            assertThat(run("keys", "generate", "--out", keys(id).toString()).exitCode())
                    .isZero();
            create.add(keys(id).resolve("identity.pub") + "@127.0.0.1:" + PORTS[id]);
        }
        create.addAll(List.of("--dimension", "8", "--heads", "2", "--round-deadline-ms", "3000"));
        create.addAll(List.of("--out", roster.toString()));
        assertThat(run(create.toArray(new String[0])).exitCode()).isZero();
        held.forEach(DatagramSocket::close);
        for (int id = 0; id < PEERS; id++) {
            PROCESSES.add(launch(id));
        }
        for (final Process process : PROCESSES) {
            final BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
            READY.add(lines.readLine());
            PREDICTED.add(lines.readLine());
        }
    }

    @AfterAll
    static void removeEverything() throws Exception {
        for (final Process process : PROCESSES) {
            process.destroyForcibly().waitFor();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (final Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    @Order(1)
    void shouldPrintOneReadyLine() throws Exception {
        for (int id = 0; id < PEERS; id++) {
            final String publicKey = Files.readString(keys(id).resolve("identity.pub"));
            assertThat(READY.get(id))
                    .as(Files.readString(folder.resolve("err-" + id)))
                    .startsWith("peer " + id + " (peer-" + id + ") ready: UDP 127.0.0.1:" + PORTS[id] + ", key ")
                    .contains(fingerprint(publicKey));
        }
        assertThat(PREDICTED)
                .allMatch(line -> line.startsWith("  profile lan: a silent crash is known everywhere after 1.17 s"));
    }

    @Test
    @Order(2)
    void shouldDecideWhatTheCommandsContribute() throws Exception {
        final List<Run> runs = contributeAll("first", "use Express", "--json");
        for (final Run run : runs) {
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out().lines()).hasSize(1);
            final Map<String, Object> decision = JsonLine.read(run.out());
            assertThat(decision)
                    .containsEntry("event", "decision")
                    .containsEntry("round", "first")
                    .containsEntry("status", "agreed")
                    .containsEntry("consensus", "use Express")
                    .containsEntry("support", List.of(0L, 1L, 2L, 3L));
            assertThat(decision.get("record"))
                    .isEqualTo(JsonLine.read(runs.get(0).out()).get("record"));
        }
        Files.writeString(folder.resolve("first.json"), runs.get(0).out());
    }

    @Test
    @Order(3)
    void shouldShowDecisionsToPeople() throws Exception {
        for (final Run run : contributeAll("second", "use Fastify")) {
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(run.out()).contains("AGREED", "use Fastify", "25.0 %", "certificate");
        }
    }

    @Test
    @Order(4)
    void shouldVerifyCertificateOffline() {
        final Run valid = run("certificate", "verify", "--roster", roster.toString(), file("first.json"));
        assertThat(valid.exitCode()).as(valid.err()).isZero();
        assertThat(valid.out()).startsWith("valid: round first with digest ");
    }

    @Test
    @Order(5)
    void shouldRefuseEveryTamperedCertificate() throws Exception {
        final Map<String, Object> event = JsonLine.read(Files.readString(folder.resolve("first.json")));
        assertTampered(changed(event, "consensus", "use Fastify"));
        assertTampered(changed(event, "consensusPeer", 3));
        assertTampered(changed(event, "status", "no-quorum"));
        assertTampered(changed(event, "round", "second"));
        assertTampered(changed(event, "support", List.of(0, 1, 2)));
        assertTampered(changed(event, "strength", 0.5));
        assertTampered(changed(event, "byzantine", List.of(2)));
        assertTampered(changed(event, "sequence", 77L));
        assertTampered(changed(event, "epoch", 2L));
        final List<Object> fused = new ArrayList<>((List<?>) event.get("fused"));
        fused.set(3, ((Number) fused.get(3)).floatValue() + 1e-3f);
        assertTampered(changed(event, "fused", fused));

        final List<?> signatures = (List<?>) event.get("certificate");
        assertTampered(changed(event, "certificate", signatures.subList(0, 1)));
        assertTampered(changed(event, "certificate", List.of(signatures.get(0), signatures.get(0))));
        final Map<String, Object> forged = new LinkedHashMap<>();
        ((Map<?, ?>) signatures.get(1)).forEach((name, value) -> forged.put(name.toString(), value));
        final String signature = forged.get("signature").toString();
        forged.put("signature", (signature.charAt(0) == '0' ? "1" : "0") + signature.substring(1));
        assertTampered(changed(event, "certificate", List.of(signatures.get(0), forged)));
    }

    @Test
    @Order(6)
    void shouldRefuseCertificateOfAnotherGroup() {
        final Path other = folder.resolve("other.txt");
        final List<String> create = new ArrayList<>(List.of("roster", "create"));
        for (int id = 0; id < PEERS; id++) {
            create.add(keys(id).resolve("identity.pub") + "@127.0.0.1:" + PORTS[id]);
        }
        create.addAll(List.of("--dimension", "16", "--out", other.toString()));
        assertThat(run(create.toArray(new String[0])).exitCode()).isZero();
        final Run run = run("certificate", "verify", "--roster", other.toString(), file("first.json"));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("not valid");
    }

    @Test
    @Order(7)
    void shouldTellRefusalsByType() throws Exception {
        final Run late = run(contribution(0, "first", "use Koa", List.of()));
        assertThat(late.exitCode()).isEqualTo(1);
        assertThat(late.out()).isEmpty();
        assertThat(late.err()).contains("round-closed").contains("the round is closed");

        Files.write(folder.resolve("short.npy"), npy(new float[] {1, 2, 3}));
        final Run wrong = run(
                "contribute",
                "--peer",
                data(0).toString(),
                "--round",
                "third",
                "--vector",
                folder.resolve("short.npy").toString());
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("dimension 8");
        assertThat(wrong.err().lines()).hasSize(1);
    }

    @Test
    @Order(8)
    void shouldTimeOutAlone() {
        final Run run = run(contribution(1, "alone", "anybody?", List.of("--timeout", "0.2")));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("no certified decision of round \"alone\"");
    }

    @Test
    @Order(9)
    void shouldSayHowItIs() {
        final Run status = run("status", "--peer", data(2).toString(), "--json");
        assertThat(status.exitCode()).isZero();
        assertThat(JsonLine.read(status.out()))
                .containsEntry("event", "status")
                .containsEntry("peer", 2L)
                .containsEntry("peers", 4L)
                .containsEntry("voting", true);
        assertThat(run("status", "--peer", data(2).toString()).out()).contains("peer 2 (peer-2) of 4", "round first");
    }

    @Test
    @Order(9)
    void shouldSayWhomItSees() {
        final Run peers = run("peers", "--peer", data(2).toString());
        assertThat(peers.exitCode()).isZero();
        assertThat(peers.out())
                .contains("peer 2 (peer-2), group ", "of 4 (itself included), profile lan", "bears 1 faulty peer")
                .contains("ID  NAME ", "2   peer-2  itself ")
                .containsPattern("3   peer-3  (alive|suspect) ");
        final Map<String, Object> json = JsonLine.read(
                run("peers", "--peer", data(2).toString(), "--json").out());
        assertThat(json).containsEntry("event", "peers").containsEntry("faultyMax", 1L);
        assertThat(json.get("mesh").toString()).contains("profile=lan", "name=peer-3");
    }

    @Test
    @Order(9)
    void shouldShowPeersAgainAndAgainInPlainLines() {
        final Run top = run(
                "top",
                "--peer",
                data(0).toString(),
                "--peer",
                data(1).toString(),
                "--count",
                "2",
                "--interval-ms",
                "200");
        assertThat(top.exitCode()).isZero();
        final List<String> lines = top.out().lines().toList();
        assertThat(lines).hasSize(8).noneMatch(line -> line.contains("\u001b"));
        assertThat(lines.get(0)).contains("group ", "epoch 1, 2 of 4 peers shown");
        assertThat(lines.get(1)).startsWith("PEER").contains("LAST VIEW CHANGE", "LAG", "CPU");
        assertThat(lines.get(2)).startsWith("peer-0").contains("votes");
        assertThat(lines.get(7)).startsWith("peer-1").containsPattern("[0-9]+ %");
        final Run nobody = run("top", "--peer", keys(0).toString(), "--count", "1");
        assertThat(nobody.exitCode()).isEqualTo(1);
        assertThat(nobody.err()).contains("no peer is running in");
        final Run wrong = run("top", "--peer", data(0).toString(), "--interval-ms", "5");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("--interval-ms is 100 to 60000, given 5");
    }

    @Test
    @Order(10)
    void shouldTakeAFifthPeerByCommandsAlone() throws Exception {
        final Path next = folder.resolve("next.txt");
        final int port;
        try (DatagramSocket held = new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0))) {
            port = held.getLocalPort();
        }
        assertThat(run("keys", "generate", "--out", keys(PEERS).toString()).exitCode())
                .isZero();
        final String member = keys(PEERS).resolve("identity.pub") + "@127.0.0.1:" + port;
        assertThat(run("roster", "next", "--roster", roster.toString(), "--add", member, "--out", next.toString())
                        .exitCode())
                .isZero();
        final List<String> apply =
                new ArrayList<>(List.of("roster", "apply", "--peer", data(1).toString(), "--next", next.toString()));
        for (int id = 0; id < 3; id++) {
            final String approval = file("approval-" + id);
            final Run run = run(
                    "roster",
                    "approve",
                    "--roster",
                    roster.toString(),
                    "--next",
                    next.toString(),
                    "--key",
                    keys(id).resolve("identity.key").toString(),
                    "--out",
                    approval);
            assertThat(run.exitCode()).as(run.err()).isZero();
            apply.add(approval);
        }
        final Run tooFew = run(apply.subList(0, apply.size() - 1).toArray(new String[0]));
        assertThat(tooFew.exitCode()).isEqualTo(2);
        assertThat(tooFew.err()).contains("2 approvals given, 3 of the 4 peers of epoch 1 are needed");

        final Process fifth = launch(PEERS, data(PEERS), next, port, "--before", roster.toString());
        PROCESSES.add(fifth);
        assertThat(fifth.inputReader(StandardCharsets.UTF_8).readLine()).contains(", joins epoch 2, no vote yet");
        final Run applied = run(apply.toArray(new String[0]));
        assertThat(applied.exitCode()).as(applied.err()).isZero();
        assertThat(applied.out())
                .contains("epoch 1 ended at sequence ", "; epoch 2 adds peer 4 (", "this peer is in epoch 2");
        final Run again = run(apply.toArray(new String[0]));
        assertThat(again.exitCode()).isEqualTo(2);
        assertThat(again.err()).contains("the next epoch is 3");

        final List<Run> runs = contributeAll(5, "fifth", "five agree", "--json", "--timeout", "60");
        for (final Run run : runs) {
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(JsonLine.read(run.out()))
                    .containsEntry("status", "agreed")
                    .containsEntry("support", List.of(0L, 1L, 2L, 3L, 4L));
        }
        Files.writeString(folder.resolve("fifth.json"), runs.get(4).out());
        assertThat(run("certificate", "verify", "--roster", next.toString(), file("fifth.json"))
                        .exitCode())
                .isZero();
        final Run status = run("status", "--peer", data(4).toString());
        assertThat(status.out()).contains("peer 4 (peer-2-4) of 5", ", epoch 2", "round first");
    }

    @Test
    @Order(11)
    void shouldHoldItsDataFolderAlone() throws Exception {
        final Process second = launch(3);
        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
        assertThat(second.getInputStream().readAllBytes()).isEmpty();
        assertThat(Files.readString(folder.resolve("err-3"))).contains("in use by another peer process");
    }

    @Test
    @Order(12)
    void shouldSayThatThePortIsTaken() throws Exception {
        final Process second = launch(3, folder.resolve("data-elsewhere"));
        assertThat(second.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
        final String error = Files.readString(folder.resolve("err-3"));
        assertThat(error).contains("127.0.0.1:" + PORTS[3] + ": Address already in use");
        assertThat(error.lines().filter(line -> line.startsWith("quorate peer: ")))
                .hasSize(1);
    }

    @Test
    @Order(13)
    void shouldStopCleanlyBySigterm() throws Exception {
        for (final Process process : PROCESSES) {
            process.destroy();
        }
        for (int id = 0; id < PROCESSES.size(); id++) {
            assertThat(PROCESSES.get(id).waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(PROCESSES.get(id).exitValue()).isZero();
            assertThat(data(id).resolve("driver")).doesNotExist();
            assertThat(data(id).resolve("admin.sock")).doesNotExist();
        }
        final Run status = run("status", "--peer", data(0).toString());
        assertThat(status.exitCode()).isEqualTo(1);
        assertThat(status.err()).contains("no peer is running in " + data(0));
    }

    private static void assertTampered(final Map<String, Object> event) throws IOException {
        final Path file = Files.writeString(folder.resolve("tampered.json"), JsonLine.write(event));
        final Run run = run("certificate", "verify", "--roster", roster.toString(), file.toString());
        assertThat(run.exitCode()).as(run.out()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("not valid: ");
    }

    private static Map<String, Object> changed(final Map<String, Object> event, final String name, final Object value) {
        final Map<String, Object> changed = new LinkedHashMap<>(event);
        assertThat(changed.put(name, value)).isNotEqualTo(value);
        return changed;
    }

    private static List<Run> contributeAll(final String round, final String content, final String... more)
            throws Exception {
        return contributeAll(PEERS, round, content, more);
    }

    private static List<Run> contributeAll(
            final int peers, final String round, final String content, final String... more) throws Exception {
        final List<Callable<Run>> contributions = new ArrayList<>();
        for (int id = 0; id < peers; id++) {
            final String[] command = contribution(id, round, content, List.of(more));
            contributions.add(() -> run(command));
        }
        final List<Run> runs = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (final Future<Run> run : threads.invokeAll(contributions)) {
                runs.add(run.get());
            }
        }
        return runs;
    }

    private static String[] contribution(
            final int id, final String round, final String content, final List<String> more) {
        final float[] vector = {1, 2, 3, 4, 5, 6, 7, 8 + 0.125f * id};
        try {
            Files.write(folder.resolve("vector-" + id + ".npy"), npy(vector));
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
        final List<String> command = new ArrayList<>(List.of("contribute", "--peer", data(id).toString()));
        command.addAll(List.of("--round", round, "--vector", file("vector-" + id + ".npy"), "--content", content));
        command.addAll(more);
        return command.toArray(new String[0]);
    }

    private static Process launch(final int id) throws IOException {
        return launch(id, data(id));
    }

    private static Process launch(final int id, final Path data) throws IOException {
        return launch(id, data, roster, PORTS[id]);
    }

    private static Process launch(
            final int id, final Path data, final Path ofRoster, final int port, final String... more)
            throws IOException {
        final List<String> command = new ArrayList<>(List.of(
                REPOSITORY.resolve("quorate").toString(),
                "peer",
                "--roster",
                ofRoster.toString(),
                "--key",
                keys(id).resolve("identity.key").toString(),
                "--listen",
                "127.0.0.1:" + port,
                "--data",
                data.toString(),
                "--threading",
                "shared",
                "--memory-only"));
        command.addAll(List.of(more));
        final ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("QUORATE_NO_BUILD", "1");
        builder.redirectError(folder.resolve("err-" + id).toFile());
        return builder.start();
    }

    /** Runs a short command in this process. */
    private static Run run(final String... command) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        final int exitCode = PeerMain.run(command, out, err);
        return new Run(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static byte[] npy(final float[] vector) {
        final byte[] header = ("{'descr': '<f4', 'fortran_order': False, 'shape': (" + vector.length + ",), }\n")
                .getBytes(StandardCharsets.US_ASCII);
        final ByteBuffer file = ByteBuffer.allocate(10 + header.length + vector.length * Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length)
                .put(header);
        for (final float component : vector) {
            file.putFloat(component);
        }
        return file.array();
    }

    private static String fingerprint(final String publicKeyFile) {
        final byte[] key = HexFormat.of().parseHex(publicKeyFile.strip().substring(publicKeyFile.indexOf(' ') + 1));
        return PeerIdentity.fingerprint(key);
    }

    private static Path keys(final int id) {
        return folder.resolve("keys-" + id);
    }

    private static Path data(final int id) {
        return folder.resolve("data-" + id);
    }

    private static String file(final String name) {
        return folder.resolve(name).toString();
    }
}

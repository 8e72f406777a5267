package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.decision.Decision;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The README's embedding example: compiled, run, and the same text as in the README. */
@Timeout(60)
class ReadmeExampleIT {
    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));
    private static final String SOURCE = "engine/src/test/java/io/quorate/engine/ReadmeExampleIT.java";

    @TempDir
    private Path folder;

    @Test
    void shouldRunTheExample() throws Exception {
        final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
        final int port;
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        final Roster roster = Roster.of(
                1,
                List.of(new Roster.Peer(0, "alone", "127.0.0.1", port, identity.publicKey())),
                Map.of("dimension", "4", "heads", "1"));
        final Path rosterFile = Files.writeString(folder.resolve("roster.txt"), roster.canonicalText());
        final Path keyFile = folder.resolve("identity.key");
        identity.savePrivate(keyFile);

        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        final PrintStream console = System.out;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            example(rosterFile, keyFile, folder.resolve("data"), new float[] {1, 2, 3, 4});
        } finally {
            System.setOut(console);
        }

        assertThat(printed.toString(StandardCharsets.UTF_8).strip())
                .isEqualTo("AGREED because 1 of 1 peer gave the same answer, quorum is 1");
    }

    @Test
    void shouldBeTheTextOfTheReadme() throws Exception {
        final String source = Files.readString(REPOSITORY.resolve(SOURCE));
        final String example = source.substring(
                        source.indexOf("// example begins\n") + 18, source.lastIndexOf("        // example ends"))
                .lines()
                .map(line -> line.substring(8))
                .collect(Collectors.joining("\n"));

        assertThat(Files.readString(REPOSITORY.resolve("README.md"))).contains("```java\n" + example + "\n```");
    }

    private static void example(final Path rosterFile, final Path keyFile, final Path dataFolder, final float[] vector)
            throws Exception {
        // example begins
        EngineContext context =
                new EngineContext().rosterFile(rosterFile).keyFile(keyFile).dataDirectory(dataFolder);
        try (ConsensusEngine engine = ConsensusEngine.launch(context)) {
            engine.contribute("price-42", vector, "buy");
            Decision decision =
                    engine.awaitDecision("price-42", Duration.ofSeconds(10)).decision();
            System.out.println(decision.status() + " because " + decision.reason());
        }
        // example ends
    }
}

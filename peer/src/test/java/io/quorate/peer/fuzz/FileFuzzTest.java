package io.quorate.peer.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.decision.Decision;
import io.quorate.peer.format.DecisionJson;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyBytes;
import io.quorate.peer.format.NpyFile;
import io.quorate.peer.format.SampleDecision;
import io.quorate.peer.round.RoundFile;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that people hand in, damaged at random: each is read, or refused with a sentence that names it. Nothing else may come out, and
 * both must come out often, or the damage is too great or too small to say anything. A failure names its seed.
 */
class FileFuzzTest {
    private static final int SEEDS = 3_000;
    private static final int EDITS_MAX = 4;
    private static final int SAID_MAX = 2_000;
    private static final String[] WORDS = {
        "",
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "null",
        "true",
        "-1",
        "1e999",
        "NaN",
        "0",
        "18446744073709551616",
        "\\u0000",
        "\n",
        "\t",
        " ",
        "é",
        "=",
        "#",
        "'",
        "(",
        ")",
        "f4",
        "epoch",
        "peers"
    };

    @TempDir
    private Path folder;

    /** Reads a damaged file; throws what its documentation says if it is refused. */
    @FunctionalInterface
    private interface Reader {
        void read(byte[] damaged) throws IOException;
    }

    @Test
    void shouldReadOrRefuseRounds() {
        fuzz(SampleDecision.ROUND.getBytes(StandardCharsets.UTF_8), bytes -> {
            final RoundFile round = RoundFile.read(new ByteArrayInputStream(bytes), "round.json");
            assertThat(round.peers()).isNotEmpty();
        });
    }

    @Test
    void shouldReadOrRefuseRosters() throws Exception {
        final SecureRandom random = SecureRandom.getInstance("SHA1PRNG");
        random.setSeed(1);
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            peers.add(new Roster.Peer(
                    id,
                    "peer-" + id,
                    "127.0.0.1",
                    7000 + id,
                    PeerIdentity.generate(random).publicKey()));
        }
        final Roster roster = Roster.of(3, peers, Map.of("dimension", "8", "heads", "2"));
        fuzz(roster.canonicalText().getBytes(StandardCharsets.UTF_8), bytes -> {
            final Path file = Files.write(folder.resolve("roster"), bytes);
            final Roster read = Roster.read(file);
            assertThat(Roster.parse(read.canonicalText(), "again").canonicalText())
                    .isEqualTo(read.canonicalText());
        });
    }

    @Test
    void shouldReadOrRefuseDecisions() throws IOException {
        final CertifiedDecision certified = SampleDecision.certified();
        final String line = JsonLine.write(DecisionJson.certified(certified));
        final Object record = JsonLine.read(line).get("record");
        fuzz(line.getBytes(StandardCharsets.UTF_8), bytes -> {
            final Map<String, Object> event = JsonLine.read(new String(bytes, StandardCharsets.UTF_8));
            final Decision read = DecisionJson.decision(event);
            DecisionJson.certificate(event);
            if (record.equals(event.get("record"))) {
                assertThat(read.digest()).isEqualTo(certified.decision().digest());
            }
        });
    }

    @Test
    void shouldReadOrRefuseMatrices() {
        fuzz(NpyBytes.file(1, "<f4", false, "(4,)", 1, 2, 3, 4), bytes -> {
            final float[] vector = NpyFile.readVector(Files.write(folder.resolve("x.npy"), bytes));
            assertThat(vector).isNotEmpty();
            for (final float value : vector) {
                assertThat(Float.isFinite(value)).isTrue();
            }
        });
    }

    private static void fuzz(final byte[] sound, final Reader reader) {
        int accepted = 0;
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            try {
                reader.read(damaged(sound, new SplittableRandom(seed)));
                accepted++;
            } catch (final IllegalArgumentException | IllegalStateException | IOException refusal) {
                assertThat(refusal.getMessage())
                        .as("seed %d", seed)
                        .isNotBlank()
                        .hasSizeLessThan(SAID_MAX)
                        .doesNotContain("\n");
                refused++;
            } catch (final RuntimeException | AssertionError | StackOverflowError | OutOfMemoryError wrong) {
                throw new AssertionError("seed " + seed, wrong);
            }
        }
        assertThat(accepted).as("accepted of %d", SEEDS).isGreaterThan(SEEDS / 200);
        assertThat(refused).as("refused of %d", SEEDS).isGreaterThan(SEEDS / 4);
    }

    private static byte[] damaged(final byte[] sound, final SplittableRandom random) {
        byte[] bytes = sound;
        for (int edits = 1 + random.nextInt(EDITS_MAX); edits > 0; edits--) {
            final int from = random.nextInt(bytes.length + 1);
            final int to = Math.min(bytes.length, from + random.nextInt(4) * random.nextInt(16));
            final byte[] word = switch (random.nextInt(4)) {
                case 0 -> WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.UTF_8);
                case 1 -> new byte[] {(byte) random.nextInt(256)};
                case 2 -> part(sound, random);
                default -> new byte[0];
            };
            final byte[] next = new byte[from + word.length + bytes.length - to];
            System.arraycopy(bytes, 0, next, 0, from);
            System.arraycopy(word, 0, next, from, word.length);
            System.arraycopy(bytes, to, next, from + word.length, bytes.length - to);
            bytes = next;
        }
        return random.nextInt(16) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)) : bytes;
    }

    private static byte[] part(final byte[] of, final SplittableRandom random) {
        final int from = random.nextInt(of.length);
        return Arrays.copyOfRange(of, from, Math.min(of.length, from + random.nextInt(40)));
    }
}

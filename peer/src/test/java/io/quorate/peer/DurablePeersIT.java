package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes with real journals: killed all at once, and started again over a damaged, a shortened and a lost disk. */
class DurablePeersIT {
    private static final List<Integer> ALL = List.of(0, 1, 2, 3);

    @TempDir
    Path folder;

    @Test
    void shouldRememberThroughKillsAndNeverVoteFromDamage() throws Exception {
        try (PeerGroup group = new PeerGroup(folder, 4)) {
            assertThat(group.start(ALL)).allSatisfy(line -> assertThat(line).endsWith(", journal empty"));
            final Map<String, Object> first = group.decide("first", ALL).get(0);
            assertThat(first).containsEntry("status", "agreed");

            group.kill(ALL);
            assertThat(group.start(ALL))
                    .allSatisfy(line -> assertThat(line)
                            .contains(", journal intact up to number ")
                            .doesNotContain("no vote"));
            assertThat(group.decide("second", ALL))
                    .allSatisfy(decision -> assertThat(decision).containsEntry("status", "agreed"));
            for (final int id : ALL) {
                assertThat(group.status(id)).containsEntry("voting", true);
                assertThat(digests(group.status(id)))
                        .containsEntry("first", digests(group.status(0)).get("first"));
                assertThat(digests(group.status(id))).containsKey("second");
            }

            group.kill(List.of(3));
            flip(records(group.data(3)));
            awaitEarnedVote(group, 3, "journal damaged: ");
            assertThat(group.decide("third", ALL))
                    .allSatisfy(decision -> assertThat(decision).containsEntry("status", "agreed"));
        }
    }

    @Test
    @Tag("exhaustive")
    void shouldEarnTheVoteBackAfterAShortenedAndALostDisk() throws Exception {
        try (PeerGroup group = new PeerGroup(folder, 4)) {
            group.start(ALL);
            group.decide("first", ALL);

            group.kill(List.of(1));
            shorten(records(group.data(1)));
            awaitEarnedVote(group, 1, "journal damaged: ");
            group.kill(List.of(2));
            remove(group.data(2).resolve("journal"));
            awaitEarnedVote(group, 2, "journal damaged: it ends at number 0 ");
            assertThat(group.decide("second", ALL))
                    .allSatisfy(decision -> assertThat(decision).containsEntry("status", "agreed"));
        }
    }

    /** The peer says what is wrong, has no vote, and gets it back while the others go on. */
    private static void awaitEarnedVote(final PeerGroup group, final int id, final String words) throws Exception {
        final String line = group.start(List.of(id)).get(0);
        assertThat(line).contains(words).endsWith(", no vote yet");
        group.awaitVote(id);
    }

    private static Map<Object, Object> digests(final Map<String, Object> status) {
        final Map<Object, Object> digests = new java.util.HashMap<>();
        ((List<?>) status.get("rounds"))
                .forEach(round -> digests.put(((Map<?, ?>) round).get("round"), ((Map<?, ?>) round).get("digest")));
        return digests;
    }

    private static Path records(final Path data) throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("journal"))) {
            return files.filter(file -> file.toString().endsWith(".rec"))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
    }

    /** One bit, in the body of a record in the middle of what was written. */
    private static void flip(final Path file) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            final long place = 400;
            bytes.seek(place);
            final int old = bytes.read();
            bytes.seek(place);
            bytes.write(old ^ 1);
        }
    }

    private static void shorten(final Path file) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.setLength(1024);
        }
    }

    private static void remove(final Path journal) throws IOException {
        try (Stream<Path> files = Files.walk(journal)) {
            for (final Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }
}

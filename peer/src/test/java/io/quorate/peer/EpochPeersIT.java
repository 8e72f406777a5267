package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes with real journals go from epoch to epoch, and are killed, all at once, while they do. */
@Tag("exhaustive")
class EpochPeersIT {
    private static final List<Integer> ALL = List.of(0, 1, 2, 3);
    private static final long[] KILLED_AFTER_MS = {0, 60, 150, 250, 400, 700};

    @TempDir
    Path folder;

    @Test
    void shouldComeThroughAStepWheneverAllAreKilled() throws Exception {
        try (PeerGroup group = new PeerGroup(folder, 4)) {
            group.start(ALL);
            group.decide("first", ALL);
            Path present = group.roster();
            for (int step = 0; step < KILLED_AFTER_MS.length; step++) {
                final int epoch = step + 2;
                final Path next = move(present, epoch);
                final String[] apply = apply(group, present, next);
                final Thread operator = Thread.ofPlatform().start(() -> CommandRun.of((Object[]) apply));
                Thread.sleep(KILLED_AFTER_MS[step]);
                group.kill(ALL);
                operator.join();

                // With the roster of the beginning, as a service's unit file would.
                group.start(ALL);
                awaitOneEpoch(group);
                if (epochOf(group, 0) < epoch) {
                    PeerGroup.run(apply);
                }
                for (final int id : ALL) {
                    awaitEpoch(group, id, epoch);
                    group.awaitVote(id);
                }
                assertThat(group.decide("in epoch " + epoch, ALL))
                        .allSatisfy(decision -> assertThat(decision)
                                .containsEntry("status", "agreed")
                                .containsEntry("support", List.of(0L, 1L, 2L, 3L)));
                present = next;
            }
            assertThat(rounds(group)).contains("first", "in epoch 2", "in epoch 7");
        }
    }

    /** Peer 3 listens on another port from then on. */
    private Path move(final Path present, final int epoch) throws IOException {
        final int port;
        try (DatagramSocket held = new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0))) {
            port = held.getLocalPort();
        }
        final Path next = folder.resolve("roster-" + epoch + ".txt");
        PeerGroup.run(
                "roster",
                "next",
                "--roster",
                present.toString(),
                "--move",
                "3=127.0.0.1:" + port,
                "--out",
                next.toString());
        return next;
    }

    private String[] apply(final PeerGroup group, final Path present, final Path next) {
        final List<String> apply = new ArrayList<>(
                List.of("roster", "apply", "--peer", group.data(1).toString(), "--next", next.toString()));
        for (int id = 0; id < 3; id++) {
            final Path approval = folder.resolve(next.getFileName() + "-by-" + id);
            PeerGroup.run(
                    "roster",
                    "approve",
                    "--roster",
                    present.toString(),
                    "--next",
                    next.toString(),
                    "--key",
                    group.keys(id).resolve("identity.key").toString(),
                    "--out",
                    approval.toString());
            apply.add(approval.toString());
        }
        return apply.toArray(new String[0]);
    }

    /** Waits until nobody is on the way any more: all in one epoch, which goes on. */
    private static void awaitOneEpoch(final PeerGroup group) throws InterruptedException {
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (ALL.stream()
                .anyMatch(id -> epochOf(group, id) != epochOf(group, 0) || !"open".equals(stateOf(group, id)))) {
            assertThat(System.nanoTime()).as("all in one epoch in time").isLessThan(endNs);
            Thread.sleep(50);
        }
    }

    private static void awaitEpoch(final PeerGroup group, final int id, final long epoch) throws InterruptedException {
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (epochOf(group, id) != epoch) {
            assertThat(System.nanoTime())
                    .as("peer " + id + " in epoch " + epoch + " in time: " + group.status(id))
                    .isLessThan(endNs);
            Thread.sleep(50);
        }
    }

    private static long epochOf(final PeerGroup group, final int id) {
        return ((Number) group.status(id).get("epoch")).longValue();
    }

    private static Object stateOf(final PeerGroup group, final int id) {
        return ((Map<?, ?>) group.status(id).get("progress")).get("state");
    }

    private static List<Object> rounds(final PeerGroup group) {
        return ((List<?>) group.status(2).get("rounds"))
                .stream()
                        .map(round -> (Object) ((Map<?, ?>) round).get("round"))
                        .toList();
    }
}

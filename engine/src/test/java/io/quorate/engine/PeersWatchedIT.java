package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.node.ReadOnlyException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A group whose peers watch each other, driven by threads that can stop them between two turns, as SIGSTOP would; p1 observes. Each metric of docs/protocols/membership.md, section 13, is moved by what it measures.
 */
@Timeout(180)
class PeersWatchedIT {
    private static final String OBSERVER = "p1";
    private static final Map<String, String> SETTINGS = Map.of(
            "dimension", "8",
            "heads", "2",
            "membership", "fast",
            "checkpoint-interval", "4",
            "round-deadline-ms", "400",
            "view-change-timeout-ms", "300");

    @TempDir
    private Path folder;

    private final Set<String> stopped = ConcurrentHashMap.newKeySet();
    private final List<Thread> drivers = new ArrayList<>();
    private volatile boolean isOver;
    private EpochGroup group;

    private void drive(final String name) {
        final ConsensusEngine engine = group.engine(name);
        final Thread driver = Thread.ofPlatform().daemon().start(() -> {
            while (!isOver) {
                if (stopped.contains(name) || engine.doWork() == 0) {
                    LockSupport.parkNanos(50_000);
                }
            }
        });
        drivers.add(driver);
    }

    private EngineStatus status() throws Exception {
        return group.engine(OBSERVER).status(EpochGroup.PATIENCE);
    }

    /** Those that run contribute; the observer's decision. */
    private void decide(final String round, final String... peers) throws Exception {
        for (final String peer : peers) {
            group.engine(peer).contribute(round, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, "yes");
        }
        assertThat(group.engine(OBSERVER)
                        .awaitDecision(round, EpochGroup.PATIENCE)
                        .decision()
                        .isAgreed())
                .isTrue();
    }

    @Test
    void shouldMoveEachMetricByWhatItMeasures() throws Exception {
        try (EpochGroup peers =
                new EpochGroup(folder, 4, SETTINGS, context -> context.threadingMode(ThreadingMode.INVOKER))) {
            group = peers;
            List.of("p0", "p1", "p2", "p3").forEach(this::drive);
            try {
                checkCalm();
                checkOneStopped();
                checkSplit();
                checkViewChange();
            } finally {
                isOver = true;
                for (final Thread driver : drivers) {
                    driver.join();
                }
            }
        }
    }

    @Test
    void shouldSayGoodbyeWhenItStops() throws Exception {
        try (EpochGroup peers = new EpochGroup(folder, 4, SETTINGS, context -> context)) {
            peers.await("all are reached", OBSERVER, status -> status.health().reached() == 4);
            peers.stop("p3");
            peers.await(
                    "p3 has left",
                    OBSERVER,
                    status -> status.mesh().members().get(3).state().equals("left"));
            assertThat(peers.engine(OBSERVER).peers().isWritable()).isTrue();
            peers.start("p3");
            peers.await("p3 is back", OBSERVER, status -> status.health().reached() == 4);
        }
    }

    private void checkCalm() throws Exception {
        group.await("all are reached", OBSERVER, status -> status.health().reached() == 4);
        group.await(
                "pings are answered",
                OBSERVER,
                status -> status.health().message().count() > 4);
        for (int round = 0; round < 4; round++) {
            decide("calm" + round, "p0", "p1", "p2", "p3");
        }
        group.await("requests a second", OBSERVER, status -> status.health().requestsPerSecond() > 0);
        // A busy machine may be late with acks now and then, so what a peer thinks is waited for.
        group.await(
                "all are well",
                OBSERVER,
                status -> status.mesh().isWritable()
                        && status.health().toleranceLeft() == 1
                        && status.mesh().members().stream()
                                .allMatch(member -> member.state().equals("alive")));
        final EngineStatus status = status();
        assertThat(status.health().participationPermille()).isGreaterThan(600);
        assertThat(status.mesh().profile()).isEqualTo("fast");
        assertThat(status.decisionP50Ns()).isPositive();
        assertThat(group.engine(OBSERVER).peers().memberCount()).isEqualTo(4);
    }

    private void checkOneStopped() throws Exception {
        stopped.add("p3");
        group.await(
                "p3 is faulty",
                OBSERVER,
                status -> status.mesh().members().get(3).state().equals("faulty"));
        for (int round = 0; round < 6; round++) {
            decide("three" + round, "p0", "p1", "p2");
        }
        // Two of the three others vote.
        assertThat(status().health().participationPermille()).isBetween(500, 700);
        group.await(
                "p3 counts against f",
                OBSERVER,
                status -> status.health().toleranceLeft() == 0
                        && status.health().reached() == 3
                        && status.mesh().isWritable());
    }

    private void checkSplit() throws Exception {
        final RoundStatus fresh = group.engine(OBSERVER).roundStatus("calm0", EpochGroup.PATIENCE);
        assertThat(fresh.isStale()).isFalse();
        final EngineStatus.Health before = status().health();
        stopped.add("p2");
        group.await("read-only", OBSERVER, status -> !status.mesh().isWritable());
        awaitRefusal();
        final RoundStatus stale = group.engine(OBSERVER).roundStatus("calm0", EpochGroup.PATIENCE);
        assertThat(stale.isStale()).isTrue();
        assertThat(stale.standing()).isEqualTo(fresh.standing());
        assertThat(stale.digest()).isEqualTo(fresh.digest());
        group.await("one too many is gone", OBSERVER, status -> status.health().toleranceLeft() == -1);
        assertThat(status().health().splits()).isGreaterThan(before.splits());
        stopped.clear();
        group.await("writable again", OBSERVER, status -> status.mesh().isWritable());
        group.await("tolerates one again", OBSERVER, status -> status.health().toleranceLeft() == 1);
        assertThat(status().health().heal().count()).isGreaterThan(before.heal().count());
        assertThat(status().health().readOnly().maxNs())
                .isGreaterThanOrEqualTo(status().health().heal().maxNs());
        decide("again", "p0", "p1", "p2", "p3");
    }

    private void awaitRefusal() {
        final ConsensusEngine observer = group.engine(OBSERVER);
        final long endNs = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (observer.peers().minority(System.nanoTime()) == null) {
            assertThat(System.nanoTime() - endNs).isNegative();
            LockSupport.parkNanos(1_000_000);
        }
        assertThatThrownBy(() -> observer.contribute("refused", new float[8], "yes"))
                .isInstanceOfSatisfying(ReadOnlyException.class, refused -> {
                    assertThat(refused.refusal().reached()).isEqualTo(2);
                    assertThat(refused.refusal().needed()).isEqualTo(3);
                })
                .hasMessageContaining("reaches 2 of 4 members and needs 3");
    }

    private void checkViewChange() throws Exception {
        final List<String> running = new ArrayList<>(List.of("p0", "p1", "p2", "p3"));
        final String primary = running.remove(status().primaryId());
        final String observer = running.getFirst();
        final long before = group.engine(observer)
                .status(EpochGroup.PATIENCE)
                .health()
                .viewChange()
                .count();
        stopped.add(primary);
        for (final String peer : running) {
            group.engine(peer).contribute("new view", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, "yes");
        }
        group.await(
                "a view change",
                observer,
                status -> status.health().viewChange().count() > before);
        assertThat(group.engine(observer)
                        .awaitDecision("new view", EpochGroup.PATIENCE)
                        .decision()
                        .isAgreed())
                .isTrue();
        stopped.clear();
        group.await("all are reached", OBSERVER, status -> status.health().reached() == 4);
    }
}

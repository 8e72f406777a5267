package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.transport.auth.Roster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole engines go from epoch to epoch (docs/protocols/reconfiguration.md): newcomers, rotated keys, leavers, laggards, restarts. */
@Timeout(180)
class EpochIT {
    private static final Map<String, String> SMALL = Map.of(
            "dimension", "8",
            "heads", "2",
            "checkpoint-interval", "8",
            "round-deadline-ms", "5000");

    @TempDir
    private Path folder;

    @Test
    void shouldTakeAFifthPeerUnderLoad() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context)) {
            group.decide("before");
            final Roster first = group.roster();
            final List<Roster.Peer> five = new ArrayList<>(first.peers());
            five.add(group.newcomer(4, "p4"));
            final Roster next = group.next(five);
            group.join("p4", first, next);
            assertThat(group.engine("p4").status(EpochGroup.PATIENCE).progress().state())
                    .isEqualTo("joins");

            final AtomicBoolean isOver = new AtomicBoolean();
            final List<Long> tickets = new ArrayList<>();
            final ConsensusEngine busy = group.engine("p1");
            final Thread load = Thread.ofPlatform().start(() -> {
                for (int i = 0; !isOver.get() || i < 8; i++) {
                    // Fewer rounds than one peer may have open at once; what comes again is a duplicate, and load, too.
                    tickets.add(busy.contribute("load-" + i % 4, new float[] {1, 2, 3, 4, 5, 6, 7, 8}, "busy"));
                    java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
                }
            });
            final Verdict.Told told = group.step("p0", next);
            assertThat(told.verdict()).isEqualTo(Verdict.ACCEPTED);
            assertThat(told.endSequence()).isPositive();
            assertThat(told.endSequence() % 8).isZero();
            group.awaitEpoch();
            isOver.set(true);
            load.join();
            for (final long ticket : tickets) {
                assertThat(busy.awaitOutcome(ticket, EpochGroup.PATIENCE)).isNotNull();
            }

            final List<CertifiedDecision> decisions = group.decide("after");
            assertThat(decisions).hasSize(5);
            assertThat(decisions.get(0).decision().support()).hasSize(5);
            assertThat(decisions.get(0).decision().sequence()).isGreaterThan(told.endSequence());
            assertThat(decisions.get(0).certificate().epoch()).isEqualTo(2);
            final EngineStatus newest = group.engine("p4").status(EpochGroup.PATIENCE);
            assertThat(newest.rounds())
                    .extracting(EngineStatus.ClosedRound::round)
                    .contains("before", "after");
            assertThat(newest.progress()).isEqualTo(new EngineStatus.Epoch("open", 0, 0));
        }
    }

    @Test
    void shouldRotateAKeyAndRememberTheEpochOnTheDisk() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context.memoryOnly(false))) {
            group.decide("before");
            final List<Roster.Peer> peers = new ArrayList<>(group.roster().peers());
            peers.set(2, group.rotated(2));
            group.stop("p2");
            group.start("p2");
            assertThat(group.step("p3", group.next(peers)).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            group.decide("after");
            assertThat(folder.resolve("p0").resolve("journal")).doesNotExist();
            assertThat(folder.resolve("p0").resolve("journal-2")).isDirectory();
            assertThat(group.engine("p2").roster().groupId())
                    .isEqualTo(group.roster().groupId());

            // With the roster of the beginning: the proof on the disk leads on.
            for (final String name : List.of("p0", "p1", "p2", "p3")) {
                group.stop(name);
            }
            for (final String name : List.of("p0", "p1", "p2", "p3")) {
                group.start(name);
                final EngineStatus status = group.engine(name).status(EpochGroup.PATIENCE);
                assertThat(status.epoch()).isEqualTo(2);
                assertThat(status.isVoting()).isTrue();
                assertThat(status.journal().found()).startsWith("intact up to number ");
            }
            group.decide("again");
            assertThat(group.engine("p1").status(EpochGroup.PATIENCE).rounds())
                    .extracting(EngineStatus.ClosedRound::round)
                    .contains("before", "after", "again");
        }
    }

    @Test
    @Tag("exhaustive")
    void shouldGoOnWithoutAPeerThatWasRemovedAndTellIt() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 5, SMALL, context -> context)) {
            group.decide("before");
            // The last peer takes over the id of the one that leaves.
            final List<Roster.Peer> four =
                    new ArrayList<>(group.roster().peers().subList(0, 4));
            final Roster.Peer last = group.roster().peer(4);
            four.set(1, new Roster.Peer(1, last.name(), last.host(), last.port(), last.publicKey()));
            assertThat(group.step("p1", group.next(four)).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            assertThat(group.decide("after")).hasSize(4);
            assertThat(group.engine("p4").status(EpochGroup.PATIENCE).peerId()).isEqualTo(1);

            final ConsensusEngine removed = group.engine("p1");
            group.await("p1 knows", "p1", status -> status.progress().state().equals("left"));
            final EngineStatus status = removed.status(EpochGroup.PATIENCE);
            assertThat(status.epoch()).isEqualTo(1);
            assertThat(status.progress().next()).isEqualTo(2);
            assertThatThrownBy(() -> removed.contribute("late", new float[] {1, 2, 3, 4, 5, 6, 7, 8}, "yes"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("epoch 2 has begun without this peer: leave it running");
            assertThat(removed.decision("before")).isNotNull();
        }
    }

    @Test
    @Tag("exhaustive")
    void shouldBringALaggardThroughTwoEpochsAndReplaceAndMove() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context.memoryOnly(false))) {
            group.decide("first");
            group.stop("p3");
            final List<Roster.Peer> moved = new ArrayList<>(group.roster().peers());
            moved.set(0, group.moved(0));
            assertThat(group.step("p1", group.next(moved)).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            group.decide("second");
            final Roster second = group.roster();
            final List<Roster.Peer> grown = new ArrayList<>(second.peers());
            grown.add(group.newcomer(4, "p4"));
            final Roster third = group.next(grown);
            group.join("p4", second, third);
            assertThat(group.step("p0", third).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            group.decide("third");

            // It wakes up in epoch 1, and is led on.
            group.start("p3");
            group.awaitEpoch();
            assertThat(group.decide("fourth")).hasSize(5);
            assertThat(group.engine("p3").status(EpochGroup.PATIENCE).rounds())
                    .extracting(EngineStatus.ClosedRound::round)
                    .contains("first", "second", "third", "fourth");

            final List<Roster.Peer> replaced = new ArrayList<>(third.peers());
            replaced.set(2, group.newcomer(2, "p5"));
            final Roster fourth = group.next(replaced);
            group.join("p5", third, fourth);
            assertThat(group.step("p3", fourth).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            assertThat(group.decide("fifth")).hasSize(5);
            group.await("p2 knows", "p2", status -> status.progress().state().equals("left"));

            // Who comes back with everything on the disk shows the way, too.
            for (final String name : List.of("p0", "p1", "p3", "p4", "p5")) {
                group.stop(name);
            }
            for (final String name : List.of("p0", "p1", "p3", "p4", "p5")) {
                group.start(name);
            }
            group.awaitEpoch();
            assertThat(group.decide("sixth")).hasSize(5);
        }
    }

    @Test
    @Tag("exhaustive")
    void shouldWaitForItsOperatorIfItLacksItsNewKey() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context)) {
            group.decide("before");
            final Roster first = group.roster();
            final List<Roster.Peer> peers = new ArrayList<>(first.peers());
            peers.set(2, group.rotated(2));
            final Roster next = group.next(peers);
            assertThat(group.step("p0", next).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.await("p2 knows", "p2", status -> status.progress().state().equals("left"));
            assertThatThrownBy(() -> group.engine("p2").askRoundStatus("before"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("this peer has no key of it: start it again");
            group.stop("p2");
            group.join("p2", first, next);
            group.awaitEpoch();
            assertThat(group.decide("after")).hasSize(4);
        }
    }

    @Test
    void shouldRefuseWhatIsNoStep() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context)) {
            final List<Roster.Peer> swapped = new ArrayList<>(group.roster().peers());
            swapped.set(0, group.newcomer(0, "x0"));
            swapped.set(1, group.newcomer(1, "x1"));
            final Roster tooFar = group.next(swapped);
            assertThatThrownBy(() -> group.step("p0", tooFar))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a step changes one peer");
            assertThatThrownBy(() -> group.join("x0", group.roster(), tooFar))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("are no step");
            final ConsensusEngine engine = group.engine("p0");
            swapped.set(1, group.roster().peer(1));
            final long alone = engine.reconfigure(group.next(swapped), Map.of());
            assertThat(engine.awaitVerdict(alone, EpochGroup.PATIENCE))
                    .isEqualTo(new Verdict.Told(Verdict.TOO_FEW_APPROVALS, 0));
            group.decide("as before");
        }
    }
}

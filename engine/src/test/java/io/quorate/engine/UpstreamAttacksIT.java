package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.pbft.HostilePeer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Six attacks that succeed against another coordinator's consensus, over UDP against three live engines: the fourth peer, the
 * primary of view 0, is hostile and has its key and its links. After each attack the three decide a round. What each attack is
 * refused by in the core stands in {@code PbftAttackTest}.
 */
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class UpstreamAttacksIT {
    private static final int HOSTILE = 0;
    private static final int[] LIVE = {1, 2, 3};
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Map<String, String> SMALL = Map.of(
            "dimension",
            "8",
            "heads",
            "2",
            "checkpoint-interval",
            "8",
            "round-deadline-ms",
            "200",
            "view-change-timeout-ms",
            "400");

    @TempDir
    private static Path folder;

    private static LocalGroup group;
    private static HostilePeer hostile;

    @BeforeAll
    static void start() throws Exception {
        group = new LocalGroup(folder, 4, SMALL, context -> context.warmUpMax(Duration.ZERO));
        group.stop(HOSTILE);
        hostile = HostilePeer.launch(HOSTILE, group.roster(), group.identity(HOSTILE), folder.resolve("hostile"));
        hostile.until("links to all", hostile::isReady, () -> {});
    }

    @AfterAll
    static void stop() {
        CloseHelper.quietCloseAll(hostile, group);
    }

    /** A second, conflicting pre-prepare for a slot is refused, and the two prove the equivocation. */
    @Test
    @Order(1)
    void shouldRefuseAttack3ASecondPrePrepareForASlot() throws Exception {
        hostile.until(
                "all hold the evidence",
                () -> all(id -> status(id).accusations().stream()
                        .anyMatch(found ->
                                found.peerId() == HOSTILE && found.kind().equals("pre-prepare"))),
                () -> hostile.equivocate(status(1).view(), 1));
        assertThat(all(id -> counter(id, "pbft.dropped.conflicting") > 0)).isTrue();
        decide("after attack 3", "yes");
    }

    /** The primary follows from the view: nobody else's pre-prepare is accepted. */
    @Test
    @Order(2)
    void shouldRefuseAttack1EverybodyAsPrimaryOfOneView() throws Exception {
        final long[] before = counters("pbft.dropped.not.primary");
        hostile.until(
                "all have refused it",
                () -> all(id -> counter(id, "pbft.dropped.not.primary") > before[id]),
                () -> hostile.assign(status(1).view(), status(1).committedSequence() + 1));
        decide("after attack 1", "yes");
    }

    /** Frames of peers that are not in the roster, and votes that name somebody else, change nothing. */
    @Test
    @Order(3)
    void shouldRefuseAttack2AStrangerWithGhostsAndForgedVotes() throws Exception {
        final long committed = status(1).committedSequence();
        final long[] ghosts = counters("link.dropped.sender");
        final long[] forged = counters("link.dropped.unknown.key");
        final long[] named = counters("pbft.dropped.sender.mismatch");
        hostile.until(
                "all have refused seven frames of ghosts, and more in a peer's name",
                () -> all(id -> counter(id, "link.dropped.sender") >= ghosts[id] + 7
                        && counter(id, "link.dropped.unknown.key") > forged[id]
                        && counter(id, "pbft.dropped.sender.mismatch") >= named[id] + 4),
                () -> {
                    hostile.sayAsGhosts(7, 7);
                    hostile.sayAsGhosts(HOSTILE, 1);
                    hostile.sayAsTheOthers(status(1).view(), committed + 1);
                });
        assertThat(all(id -> status(id).committedSequence() == committed))
                .as("the slot stays empty")
                .isTrue();
        decide("after attack 2", "yes");
    }

    /** However many votes come beyond the threshold, a replica commits a slot once, to one digest. */
    @Test
    @Order(4)
    void shouldRefuseAttack4ManyCommitsForOneSlot() throws Exception {
        final long[] committed = counters("pbft.committed");
        final long[] sequences = new long[LIVE.length + 1];
        for (final int id : LIVE) {
            sequences[id] = status(id).committedSequence();
        }
        final long[] repeated = counters("pbft.dropped.duplicate");
        hostile.echo(20);
        decide("during attack 4", "yes");
        hostile.echo(0);
        hostile.until(
                "each sequence committed once",
                () -> all(id -> counter(id, "pbft.committed") - committed[id]
                        == status(id).committedSequence() - sequences[id]),
                () -> {});
        assertThat(all(id -> counter(id, "pbft.dropped.duplicate") > repeated[id]))
                .isTrue();
        assertThat(hostile.digestsCommitted()).isNotEmpty();
        assertThat(hostile.digestsCommitted().values())
                .allSatisfy(digests -> assertThat(digests).hasSize(1));
    }

    /** One peer's wish for a view, and a new view that rests on it alone, move nobody. */
    @Test
    @Order(5)
    void shouldRefuseAttack5AViewChangeOfAFew() throws Exception {
        final long view = status(1).view();
        final long[] before = counters("pbft.dropped.bad.new.view");
        hostile.until(
                "all have refused it",
                () -> all(id -> counter(id, "pbft.dropped.bad.new.view") > before[id]),
                () -> hostile.usurp((status(1).view() / 4 + 1) * 4));
        assertThat(all(id -> status(id).view() == view))
                .as("still in view %d", view)
                .isTrue();
        decide("after attack 5", "yes");
    }

    /** Texts that collide in 32 bits are told apart: as requests under one number, as rounds, as answers. */
    @Test
    @Order(6)
    void shouldRefuseAttack6StringsThatCollideIn32Bits() throws Exception {
        assertThat("Aa").hasSameHashCodeAs("BB");
        final long committed = status(1).committedSequence();
        hostile.until(
                "one of the two is ordered",
                () -> all(id -> status(id).committedSequence() > committed),
                () -> hostile.askTwice(2, "Aa", "BB"));
        final String one = decide("Aa", "Aa");
        final String other = decide("BB", "BB");
        assertThat(one).isNotEqualTo(other);
    }

    /** The three live peers contribute and come to one certified decision; its digest. */
    private static String decide(final String round, final String answer) throws InterruptedException {
        for (final int id : LIVE) {
            group.engine(id).contribute(round, new float[] {1, 2, 3, 4, 5, 6, 7, 8 + id * 0.01f}, answer);
        }
        hostile.until("a decision of " + round, () -> all(id -> group.engine(id).decision(round) != null), () -> {});
        final List<String> digests = new ArrayList<>();
        for (final int id : LIVE) {
            final CertifiedDecision decision = group.engine(id).decision(round);
            assertThat(decision.decision().isAgreed()).as(round).isTrue();
            digests.add(decision.certificate().digest().toString());
        }
        assertThat(digests.stream().distinct()).hasSize(1);
        return digests.get(0);
    }

    private static boolean all(final java.util.function.IntPredicate holds) {
        return java.util.Arrays.stream(LIVE).allMatch(holds);
    }

    private static long[] counters(final String name) {
        final long[] values = new long[LIVE.length + 1];
        for (final int id : LIVE) {
            values[id] = counter(id, name);
        }
        return values;
    }

    private static long counter(final int id, final String name) {
        return status(id).counters().get(name);
    }

    private static EngineStatus status(final int id) {
        try {
            return group.engine(id).status(PATIENCE);
        } catch (final TimeoutException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

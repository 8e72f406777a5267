package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.PrepareEncoder;
import io.quorate.transport.codecs.ViewChangeEncoder;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/**
 * A view change that a peer has forgotten because it restarted without memory, kept by a peer that turns malicious only when
 * the first has its vote again (docs/protocols/pbft.md, section 7). Never more than one of the four is faulty at a time.
 */
class ForgottenViewChangeTest {
    private static final NewView.Claims NO_CLAIMS = new NewView.Claims(0);
    private static final int HONEST = 0;
    private static final int LIAR = 1;
    private static final int LATE = 2;
    private static final int FORGETFUL = 3;

    /** LIAR's: 9 mod 4 is 1. */
    private static final long FAR_VIEW = 9;

    private final TestGroup group = new TestGroup(4, 1);
    private final Map<Integer, NewView.Vote> kept = new HashMap<>();
    private long votesForTheOther;

    @Test
    void shouldKeepWhatCommittedAboveTheWindowsOfAForgottenViewChange() {
        askForTheFarViewAndForget();
        final long contested = group.peers[HONEST].replica.stableSequence() + 1;
        commitWithoutTheLatePeer(contested);
        final Batch other = leadTheLatePeerIntoTheFarView(contested);
        claimThatTheOtherPrepared(contested, other);
        group.submit(HONEST, "after");
        group.runUntil(() -> group.allApplied(2), 20_000 * MS);
        group.assertSameHistories();
        assertThat(votesForTheOther).isZero();
    }

    /** The view change reaches nobody but the one that will lie; then its sender restarts and gets its vote back. */
    private void askForTheFarViewAndForget() {
        group.filter = (from, to, template, message) -> {
            keep(from, template, message);
            return template != ViewChangeEncoder.TEMPLATE_ID;
        };
        group.peers[FORGETFUL].replica.viewChange.start(FAR_VIEW);
        assertThat(kept).containsOnlyKeys(FORGETFUL);
        group.crash(FORGETFUL);
        group.filter = (from, to, template, message) -> true;
        group.restart(FORGETFUL);
        group.runUntil(() -> group.peers[FORGETFUL].votingAgainAt >= 0, 5000 * MS);
        group.runFor(500 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.view()).isZero();
            assertThat(peer.replica.stableSequence()).isEqualTo(group.peers[HONEST].replica.committedSequence());
        }
    }

    private void commitWithoutTheLatePeer(final long contested) {
        group.filter = (from, to, template, message) -> to != LATE;
        group.submit(HONEST, "first");
        group.runUntil(
                () -> group.peers[HONEST].replica.committedSequence() == contested
                        && group.peers[FORGETFUL].replica.committedSequence() == contested,
                100 * MS);
        group.filter = (from, to, template, message) -> false;
        // What was on the wire is lost.
        group.runFor(MS);
        group.crash(LIAR);
        assertThat(group.peers[LATE].replica.committedSequence()).isEqualTo(contested - 1);
    }

    private Batch leadTheLatePeerIntoTheFarView(final long contested) {
        final Forger liar = new Forger(group, LIAR);
        final UnsafeBuffer request = liar.request(LIAR, 77, "other");
        final Batch other = liar.batch(request);
        group.filter = (from, to, template, message) -> {
            keep(from, template, message);
            countVote(from, template, message, contested);
            return from == LIAR || from == FORGETFUL && to == LATE && template == ViewChangeEncoder.TEMPLATE_ID;
        };
        final NewView.Vote ownVote = liar.vote(FAR_VIEW, NO_CLAIMS, NO_CLAIMS);
        liar.sayViewChange(kept.get(FORGETFUL), LATE);
        liar.sayViewChange(ownVote, LATE);
        group.runUntil(() -> kept.containsKey(LATE), 100 * MS);
        liar.sayNewView(FAR_VIEW, new NewView.Vote[] {ownVote, kept.get(LATE), kept.get(FORGETFUL)}, LATE);
        group.runUntil(() -> group.peers[LATE].replica.isActive(), 100 * MS);
        assertThat(group.view(LATE)).isEqualTo(FAR_VIEW);
        liar.sayRequest(request, LATE);
        liar.sayPrePrepare(FAR_VIEW, contested, other, LATE);
        group.runFor(2 * MS);
        return other;
    }

    /** With the late peer's vote for the other batch this claim would pass, and a new view would undo what committed. */
    private void claimThatTheOtherPrepared(final long contested, final Batch other) {
        final Forger liar = new Forger(group, LIAR);
        final NewView.Claims claims = new NewView.Claims(1);
        claims.set(0, contested, FAR_VIEW, other.digest());
        final NewView.Vote claim =
                liar.vote(FAR_VIEW + 1, group.peers[LIAR].replica.checkpoints.stable(), claims, claims);
        group.filter = (from, to, template, message) -> {
            countVote(from, template, message, contested);
            return true;
        };
        liar.sayViewChange(claim, HONEST, LATE, FORGETFUL);
    }

    private void keep(final int from, final int template, final UnsafeBuffer message) {
        if (template == ViewChangeEncoder.TEMPLATE_ID) {
            final Checkpoints.Certificate base = new Checkpoints.Certificate(4);
            final int offset = MessageHeaderDecoder.ENCODED_LENGTH;
            kept.put(from, new NewView.Vote(from, FAR_VIEW, base, 0, 0, message, offset, message.capacity() - offset));
        }
    }

    private void countVote(final int from, final int template, final UnsafeBuffer message, final long contested) {
        if (template == PrepareEncoder.TEMPLATE_ID && from == LATE) {
            final PrepareDecoder prepare = new PrepareDecoder();
            prepare.wrap(message, MessageHeaderDecoder.ENCODED_LENGTH, PrepareDecoder.BLOCK_LENGTH, 0);
            votesForTheOther += prepare.view() == FAR_VIEW && prepare.sequence() == contested ? 1 : 0;
        }
    }
}

package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.SigningDomain;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Makes and checks the two signed statements of a view change: VIEW-CHANGE with its claims, and NEW-VIEW. */
final class ViewStatements {
    /** Higher views are nobody's honest ones. */
    static final long VIEW_MAX = 1L << 60;

    private static final byte[] VOTE_TAG = "quorate-viewchange".getBytes(StandardCharsets.US_ASCII);

    private final PbftReplica replica;
    private final int peerCount;
    private final int windowLength;
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);

    ViewStatements(final PbftReplica replica) {
        this.replica = replica;
        peerCount = replica.context.peerCount();
        windowLength = replica.context.windowLength();
    }

    /** This replica's signed view change: its stable checkpoint, P and Q. */
    NewView.Vote ownVote(final long view) {
        final PbftLog log = replica.log;
        final Checkpoints.Certificate base = new Checkpoints.Certificate(peerCount).set(replica.checkpoints.stable());
        Invariant.check(base.sequence() == log.low(), "the base of a view change is the stable checkpoint");
        final NewView.Vote draft = new NewView.Vote(
                replica.selfId, view, base, log.preparedCount(), log.prePreparedCount(), digestBytes, 0, 0);
        log.claim(draft.prepared(), draft.prePrepared());
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[replica.context.messageLengthMax()]);
        final int length = replica.publisher.encodeViewChange(bytes, draft);
        sign(SigningDomain.VIEW_CHANGE, bytes, length);
        final NewView.Vote own = new NewView.Vote(
                replica.selfId, view, base, log.preparedCount(), log.prePreparedCount(), bytes, 0, length);
        log.claim(own.prepared(), own.prePrepared());
        name(own);
        return own;
    }

    private void sign(final SigningDomain domain, final MutableDirectBuffer statement, final int lengthBytes) {
        replica.signer.sign(domain, statement, SIGNATURE_LENGTH, lengthBytes - SIGNATURE_LENGTH, statement, 0);
    }

    private void name(final NewView.Vote vote) {
        final DirectBuffer statement = vote.statement();
        replica.sha256
                .update(VOTE_TAG)
                .update(statement, SIGNATURE_LENGTH, statement.capacity() - SIGNATURE_LENGTH)
                .finish(digestBytes, 0);
        vote.digest().set(digestBytes, 0);
    }

    /** This replica's signed new view that rests on a set of view changes. */
    NewView.Proposal ownProposal(final long view, final NewView.Vote[] set) {
        final NewView.Proposal draft = new NewView.Proposal(view, set.length, digestBytes, 0, 0);
        name(draft, set);
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[replica.context.messageLengthMax()]);
        final int length = replica.publisher.encodeNewView(bytes, draft);
        sign(SigningDomain.NEW_VIEW, bytes, length);
        final NewView.Proposal own = new NewView.Proposal(view, set.length, bytes, 0, length);
        name(own, set);
        for (final NewView.Vote vote : set) {
            own.supply(vote);
        }
        return own;
    }

    private static void name(final NewView.Proposal proposal, final NewView.Vote[] set) {
        for (int i = 0; i < set.length; i++) {
            proposal.set(i, set[i].replicaId(), set[i].digest());
        }
    }

    /** True if a peer's view change is signed and consistent; it then has its name. */
    boolean isSound(final NewView.Vote vote) {
        if (!isSigned(vote.replicaId(), SigningDomain.VIEW_CHANGE, vote.statement())) {
            return false;
        }
        if (!isConsistent(vote)) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_VIEW_CHANGE);
            return false;
        }
        name(vote);
        return true;
    }

    /** True if a new view is signed by its primary. */
    boolean isSigned(final NewView.Proposal proposal) {
        return isSigned(replica.primaryId(proposal.view()), SigningDomain.NEW_VIEW, proposal.statement());
    }

    private boolean isSigned(final int signerId, final SigningDomain domain, final DirectBuffer statement) {
        final boolean holds = replica.verifier.verify(
                signerId, domain, statement, SIGNATURE_LENGTH, statement.capacity() - SIGNATURE_LENGTH, statement, 0);
        if (!holds) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
        }
        return holds;
    }

    /** P and Q speak of the window above the base, of earlier views, in order, once a statement. */
    private boolean isConsistent(final NewView.Vote vote) {
        final NewView.Claims prepared = vote.prepared();
        final NewView.Claims prePrepared = vote.prePrepared();
        if (vote.view() < 1 || vote.view() > VIEW_MAX || vote.baseSequence() < 0) {
            return false;
        }
        for (int i = 0; i < prepared.count(); i++) {
            final boolean isRising = i == 0 || prepared.sequence(i) > prepared.sequence(i - 1);
            if (!isRising || !isPlausible(vote, prepared, i)) {
                return false;
            }
        }
        int sameSequence = 0;
        for (int i = 0; i < prePrepared.count(); i++) {
            final boolean isNext = i == 0 || prePrepared.sequence(i) > prePrepared.sequence(i - 1);
            final boolean isSame = i > 0 && prePrepared.sequence(i) == prePrepared.sequence(i - 1);
            sameSequence = isSame ? sameSequence + 1 : 1;
            if (!(isNext || isSame)
                    || sameSequence > replica.context.prePreparedMax()
                    || !isPlausible(vote, prePrepared, i)) {
                return false;
            }
        }
        return true;
    }

    private boolean isPlausible(final NewView.Vote vote, final NewView.Claims claims, final int index) {
        return vote.covers(claims.sequence(index), windowLength)
                && claims.view(index) >= 0
                && claims.view(index) < vote.view();
    }
}

package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * How the group leaves a primary (OSDI 1999, 4.4 and 4.5.2; MIT-LCS-TR-817, 3.2.4, for prepares that carry only MACs).
 *
 * <p>Holds one signed view change a sender (the highest view wins) and one pending new view a signer, so memory is bounded
 * whatever views are claimed.
 */
final class ViewChange {
    /** After so many rounds of asking, nobody has the view changes that a new view names. */
    private static final int FETCH_TURNS_MAX = 100;

    private final PbftReplica replica;
    private final int peerCount;
    private final int windowLength;
    private final ViewStatements statements;
    private final NewView.Vote[] votes;
    private final NewView.Proposal[] pending;
    private final List<NewView.Vote> remembered = new ArrayList<>();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    /** Digest of the null batch. */
    final Digest256 nullDigest;

    /** The new view that the current view rests on, and what it chose; null in view 0. */
    private NewView.Proposal current;

    private NewView choice;

    /** This replica's own new view, computed but waiting for bodies; and the view changes that it rests on. */
    private NewView ready;

    private NewView.Vote[] readySet;

    /** True if a view change came since {@code ready} was computed, or it was for another view. */
    private boolean isChoiceStale;

    private long sendAtNs;
    private long sendPauseNs;
    private long expiresAtNs;
    private boolean isExpiring;

    ViewChange(final PbftReplica replica) {
        this.replica = replica;
        peerCount = replica.context.peerCount();
        windowLength = replica.context.windowLength();
        statements = new ViewStatements(replica);
        votes = new NewView.Vote[peerCount];
        pending = new NewView.Proposal[peerCount];
        nullDigest = new Batch(replica.sha256, digestBytes, 0, 0).digest();
    }

    /** The signed new view of the current view, or null in view 0. */
    NewView.Proposal current() {
        return current;
    }

    /** This replica's newest view change, or null. */
    NewView.Vote own() {
        return votes[replica.selfId];
    }

    /** Sequence of the checkpoint that the current view starts from. */
    long baseSequence() {
        return choice == null ? 0 : choice.base().sequence();
    }

    /** Out of the journal: a view change that a new view rests on, or the own one of a view that this replica waited for. */
    void remember(final NewView.Vote vote, final boolean isOwn) {
        Invariant.check(statements.isSound(vote), "a view change in the journal is sound");
        if (isOwn) {
            replica.moveTo(vote.view(), false);
            votes[replica.selfId] = vote;
            isChoiceStale = true;
            sendPauseNs = replica.context.retransmitNs();
        } else {
            remembered.add(vote);
        }
    }

    /** Out of the journal: a view that this replica had entered. */
    void remember(final NewView.Proposal proposal) {
        remembered.forEach(proposal::supply);
        remembered.clear();
        Invariant.check(proposal.isComplete(), "a new view in the journal is whole");
        current = proposal;
        choice = NewView.choose(proposal.votes(), replica.quorum, windowLength, nullDigest);
        replica.checkpoints.onCertificate(choice.base());
        replica.moveTo(proposal.view(), true);
        replica.log.limitFresh(choice.spokenFor());
        replica.proposer.onViewEntered(Math.max(choice.top(), replica.log.low()) + 1);
    }

    /** Highest sequence that the current view's new view assigned. */
    long top() {
        return choice == null ? 0 : choice.top();
    }

    /** Asks for a view: stops voting in lower ones, and tells everybody what it had prepared and pre-prepared. */
    void start(final long view) {
        Invariant.check(replica.isVoting(), "a replica without a vote asks for no view");
        Invariant.check(view > replica.view(), "views only rise", view, replica.view());
        replica.timers.onViewChangeStarted();
        replica.moveTo(view, false);
        ready = null;
        isExpiring = false;
        replica.counters.increment(PbftCounter.VIEW_CHANGES_STARTED);
        replica.listener.onViewChangeStarted(view);
        ask();
        tryNewView();
    }

    private void ask() {
        final NewView.Vote own = statements.ownVote(replica.view());
        votes[replica.selfId] = own;
        isChoiceStale = true;
        sendPauseNs = replica.context.retransmitNs();
        sendAtNs = replica.nowNs() + sendPauseNs;
        replica.recorder.viewChange(own);
        send(PbftPublisher.EVERYONE, own);
    }

    /** Who asked for this view alone, long ago, spoke of a window that the others have left; of the present one it says the same. */
    private boolean isOutdated(final NewView.Vote own) {
        return own != null
                && replica.isVoting()
                && own.baseSequence() < replica.log.low()
                && countAtLeast(replica.view()) >= replica.quorum.oneCorrect();
    }

    private void send(final int receiverId, final NewView.Vote vote) {
        replica.publisher.viewChange(
                receiverId, vote.statement(), 0, vote.statement().capacity());
    }

    /** Cheap test before a view change is decoded and its signatures checked. */
    boolean isWanted(final int replicaId, final long view, final long baseSequence) {
        for (final NewView.Proposal proposal : pending) {
            if (proposal != null && proposal.view() == view && proposal.lacks(replicaId)) {
                return true;
            }
        }
        return replicaId != replica.selfId && isAhead(view) && isNewer(replicaId, view, baseSequence);
    }

    /** True if a view change says more than the one held: of a later view, or of the same one from a later checkpoint on. */
    private boolean isNewer(final int replicaId, final long view, final long baseSequence) {
        final NewView.Vote held = votes[replicaId];
        return held == null || held.view() < view || (held.view() == view && held.baseSequence() < baseSequence);
    }

    /** True if a view is still to come: above the current one, or the one that this replica waits for. */
    boolean isAhead(final long view) {
        return (view > replica.view() && view <= ViewStatements.VIEW_MAX)
                || (view == replica.view() && !replica.isActive());
    }

    void onViewChange(final NewView.Vote vote) {
        if (!statements.isSound(vote)) {
            return;
        }
        final NewView.Vote held = votes[vote.replicaId()];
        // Who asks for view after view rests on the same base again and again.
        if (!replica.checkpoints.onCertificate(vote.base(), held == null ? null : held.base())) {
            return;
        }
        for (final NewView.Proposal proposal : pending) {
            if (proposal != null) {
                proposal.supply(vote);
            }
        }
        if (vote.replicaId() != replica.selfId
                && isAhead(vote.view())
                && isNewer(vote.replicaId(), vote.view(), vote.baseSequence())) {
            votes[vote.replicaId()] = vote;
            isChoiceStale = true;
        }
        examinePending();
        join();
        tryNewView();
    }

    /** f+1 others are ahead, so a correct one is: go with them (OSDI 1999, 4.5.2). */
    private void join() {
        if (!replica.isVoting()) {
            return;
        }
        long highest = -1;
        for (final NewView.Vote candidate : votes) {
            final long view = candidate == null ? -1 : candidate.view();
            if (view > replica.view() && view > highest && countAtLeast(view) >= replica.quorum.oneCorrect()) {
                highest = view;
            }
        }
        if (highest > replica.view()) {
            start(highest);
        }
    }

    private int countAtLeast(final long view) {
        int count = 0;
        for (final NewView.Vote vote : votes) {
            count += vote != null && vote.view() >= view ? 1 : 0;
        }
        return count;
    }

    /** Answers with the view change of that name, if it is held. */
    void onFetch(final int senderId, final long view, final int replicaId, final Digest256 digest) {
        final NewView.Vote held = votes[replicaId];
        NewView.Vote found = held != null && held.isNamed(view, digest) ? held : null;
        if (current != null && found == null) {
            found = current.find(replicaId, view, digest);
        }
        for (int i = 0; i < pending.length && found == null; i++) {
            found = pending[i] == null ? null : pending[i].find(replicaId, view, digest);
        }
        // What this replica signed in a life that it has forgotten is not its word any more, though others may still
        // show it.
        final boolean isForgotten = replicaId == replica.selfId && found != votes[replicaId];
        if (found != null
                && !isForgotten
                && replica.transfer.mayServe(senderId, found.statement().capacity())) {
            send(senderId, found);
        }
    }

    /** As primary of the view it waits for: computes the choice, gathers its bodies, and announces the view. */
    void tryNewView() {
        if (replica.isActive() || !replica.isVoting() || replica.primaryId(replica.view()) != replica.selfId) {
            return;
        }
        if (isChoiceStale) {
            isChoiceStale = false;
            chooseReady();
        }
        // Bodies may have come, and the window moved, since.
        if (ready != null && hasBodies(ready)) {
            announce(readySet, ready);
        }
    }

    /** What the view changes held for this view decide; nothing, if there are too few or they do not decide. */
    private void chooseReady() {
        ready = null;
        NewView.Vote[] used = votesFor(replica.view(), -1);
        if (used.length < replica.quorum.quorum()) {
            return;
        }
        NewView chosen = NewView.chooseFertile(used, replica.quorum, windowLength, nullDigest);
        // One liar with a higher base can leave the whole set undecided; any q votes may do without it.
        for (int left = 0; chosen == null && left < peerCount; left++) {
            if (left != replica.selfId) {
                used = votesFor(replica.view(), left);
                chosen = NewView.chooseFertile(used, replica.quorum, windowLength, nullDigest);
            }
        }
        ready = chosen;
        readySet = used;
    }

    private NewView.Vote[] votesFor(final long view, final int exceptId) {
        final NewView.Vote[] set = new NewView.Vote[peerCount];
        int count = 0;
        for (final NewView.Vote vote : votes) {
            if (vote != null && vote.view() == view && vote.replicaId() != exceptId) {
                set[count++] = vote;
            }
        }
        return Arrays.copyOf(set, count);
    }

    private boolean hasBodies(final NewView chosen) {
        final PbftLog log = replica.log;
        boolean isWhole = true;
        for (long sequence = chosen.base().sequence() + 1; sequence <= chosen.top(); sequence++) {
            if (sequence > log.high()) {
                return false;
            }
            if (sequence > log.low() && !chosen.digest(sequence).isEqual(nullDigest)) {
                final LogSlot slot = log.slot(sequence);
                slot.want(chosen.digest(sequence));
                isWhole &= replica.transfer.isWhole(slot, slot.wantedBatch);
            }
        }
        return isWhole;
    }

    private void announce(final NewView.Vote[] set, final NewView chosen) {
        final NewView.Proposal own = statements.ownProposal(replica.view(), set);
        // Before the view itself: whoever finds the view in its journal can vote for everything that it assigns.
        for (long sequence = firstAssigned(chosen); sequence <= chosen.top(); sequence++) {
            final Digest256 digest = chosen.digest(sequence);
            replica.recorder.chosen(sequence, replica.view(), digest, batchOf(replica.log.slot(sequence), digest));
        }
        replica.recorder.newView(own);
        sendNewView(PbftPublisher.EVERYONE, own);
        install(own, chosen);
    }

    private void sendNewView(final int receiverId, final NewView.Proposal proposal) {
        replica.publisher.newView(
                receiverId, proposal.statement(), 0, proposal.statement().capacity());
    }

    /** A signed new view, from its primary or passed on. */
    void onNewView(final NewView.Proposal proposal) {
        final int primaryId = replica.primaryId(proposal.view());
        final NewView.Proposal held = pending[primaryId];
        if (held != null && held.view() >= proposal.view()) {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
            return;
        }
        if (!statements.isSigned(proposal)) {
            return;
        }
        if (proposal.count() < replica.quorum.quorum()) {
            reject(proposal);
            return;
        }
        for (final NewView.Vote vote : votes) {
            if (vote != null) {
                proposal.supply(vote);
            }
        }
        pending[primaryId] = proposal;
        examinePending();
        fetchVotes();
    }

    /** Enters, or refuses, every pending view whose view changes have all come. */
    private void examinePending() {
        for (int i = 0; i < pending.length; i++) {
            final NewView.Proposal proposal = pending[i];
            if (proposal != null && !isAhead(proposal.view())) {
                pending[i] = null;
            } else if (proposal != null && proposal.isComplete()) {
                pending[i] = null;
                final NewView chosen = NewView.choose(proposal.votes(), replica.quorum, windowLength, nullDigest);
                if (chosen == null
                        || replica.log.hasPreparedAbove(chosen.spokenFor())
                        || contradictsCommitted(proposal.view(), chosen)) {
                    reject(proposal);
                } else {
                    replica.recorder.newView(proposal);
                    install(proposal, chosen);
                }
            }
        }
    }

    /**
     * True if something else has committed here than a new view assigns. What commits below a view is kept in it, so others have got
     * another new view for it from its primary, and have gone on.
     */
    private boolean contradictsCommitted(final long view, final NewView chosen) {
        for (long sequence = firstAssigned(chosen);
                sequence <= Math.min(chosen.top(), replica.log.high());
                sequence++) {
            if (isDecidedOtherwise(replica.log.slot(sequence), chosen.digest(sequence), view)) {
                return true;
            }
        }
        return false;
    }

    /** The lowest sequence of the window that a new view assigns. */
    private long firstAssigned(final NewView chosen) {
        return Math.max(chosen.base().sequence(), replica.log.low()) + 1;
    }

    /** True if something else than a view assigns has committed in a slot; not in a lower view, for that is kept. */
    private static boolean isDecidedOtherwise(final LogSlot slot, final Digest256 assigned, final long view) {
        final boolean isOther = slot.isDecidedOtherwise(assigned);
        Invariant.check(
                !isOther || slot.committedInView >= view, "a new view keeps what committed", slot.sequence, view);
        return isOther;
    }

    /** The primary of a view announced what does not follow: do without it. */
    private void reject(final NewView.Proposal proposal) {
        replica.counters.increment(PbftCounter.DROPPED_BAD_NEW_VIEW);
        if (proposal.view() == replica.view() && !replica.isActive() && replica.isVoting()) {
            start(proposal.view() + 1);
        }
    }

    private void install(final NewView.Proposal proposal, final NewView chosen) {
        current = proposal;
        choice = chosen;
        ready = null;
        readySet = null;
        isExpiring = false;
        replica.counters.increment(PbftCounter.NEW_VIEWS_INSTALLED);
        replica.checkpoints.onCertificate(chosen.base());
        replica.moveTo(proposal.view(), true);
        replica.log.limitFresh(chosen.spokenFor());
        replica.applier.onViewEntered(chosen);
        assign();
        replica.onViewEntered(Math.max(chosen.top(), replica.log.low()) + 1);
    }

    /** Puts what the new view chose into the slots of the window; again when the window moves. */
    void assign() {
        if (choice == null || !replica.isActive()) {
            return;
        }
        final PbftLog log = replica.log;
        for (long sequence = firstAssigned(choice); sequence <= Math.min(choice.top(), log.high()); sequence++) {
            final LogSlot slot = log.slot(sequence);
            final Digest256 digest = choice.digest(sequence);
            if (isDecidedOtherwise(slot, digest, replica.view())) {
                // The primary has made two new views; since this one was entered, the other one's assignment has
                // committed here.
                replica.counters.increment(PbftCounter.DROPPED_CONFLICTING);
            } else if (!slot.isAccepted) {
                slot.accept(digest, batchOf(slot, digest));
                log.tryVote(slot);
                // Backups count the new view as its vote; one missing in its Q could block every later choice.
                Invariant.check(
                        slot.isVoted || !replica.isPrimary() || !replica.isVoting(),
                        "the primary of a new view votes for what it assigns");
            }
        }
    }

    private Batch batchOf(final LogSlot slot, final Digest256 digest) {
        return digest.isEqual(nullDigest) ? new Batch(replica.sha256, digestBytes, 0, 0) : slot.batchOf(digest);
    }

    void onTick(final long nowNs) {
        if (!replica.isActive()) {
            waitForNewView(nowNs);
        }
        fetchVotes();
    }

    private void waitForNewView(final long nowNs) {
        final NewView.Vote own = votes[replica.selfId];
        if (isOutdated(own)) {
            ask();
        } else if (nowNs - sendAtNs >= 0 && own != null) {
            sendPauseNs = Math.min(2 * sendPauseNs, replica.context.retransmitMaxNs());
            sendAtNs = nowNs + sendPauseNs;
            replica.counters.increment(PbftCounter.RETRANSMISSIONS);
            send(PbftPublisher.EVERYONE, own);
        }
        // Only once q replicas ask for this view, so that a lone one does not run ahead (OSDI 1999, 4.5.2).
        if (!isExpiring && countAtLeast(replica.view()) >= replica.quorum.quorum()) {
            isExpiring = true;
            expiresAtNs = nowNs + replica.timers.timeoutNs();
        }
        if (isExpiring && nowNs - expiresAtNs >= 0) {
            start(replica.view() + 1);
        } else {
            tryNewView();
        }
    }

    private void fetchVotes() {
        for (final NewView.Proposal proposal : pending) {
            if (proposal != null && replica.nowNs() - proposal.fetchAtNs >= 0) {
                proposal.fetchAtNs = replica.nowNs() + replica.context.retransmitNs();
                proposal.fetchTurn++;
                if (proposal.fetchTurn > FETCH_TURNS_MAX) {
                    pending[replica.primaryId(proposal.view())] = null;
                    continue;
                }
                for (int i = 0; i < proposal.count(); i++) {
                    if (proposal.votes()[i] == null) {
                        replica.publisher.fetchViewChange(
                                replica.transfer.otherPeer(proposal.fetchTurn + i),
                                proposal.view(),
                                proposal.replicaId(i),
                                proposal.digest(i));
                    }
                }
            }
        }
    }

    /** A peer stands in a lower view, or waits for this one: passes on what leads it here. */
    void bringAlong(final int peerId, final long peerView, final boolean isPeerActive) {
        if (replica.isActive()) {
            if (current != null && (peerView < replica.view() || (peerView == replica.view() && !isPeerActive))) {
                sendNewView(peerId, current);
            }
        } else if (peerView < replica.view() && votes[replica.selfId] != null) {
            send(peerId, votes[replica.selfId]);
        }
    }
}

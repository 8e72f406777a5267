package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Four replicas of the production code whose every message waits until it is delivered by hand; time stands still. Some of them
 * are liars: they hear nothing, and speak through a {@link Forger}. What the correct ones say is kept by kind.
 */
final class SmallWorld {
    static final int PEERS = 4;
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;

    private record Kept(int fromId, int toId, int template, long view, long sequence, UnsafeBuffer bytes) {}

    final TestGroup group;
    final boolean[] isLiar = new boolean[PEERS];
    final Forger[] liars = new Forger[PEERS];

    /** Batches that anybody proposed, by the text of their digest. */
    final TreeMap<String, Batch> known = new TreeMap<>();

    /** View, sequence and digest of commits that correct replicas sent, with the mask of their senders. */
    final Map<String, Integer> commits = new TreeMap<>();

    /** View, sequence and digest that correct replicas answered tentatively, with the mask of who did. */
    final Map<String, Integer> tentatives = new TreeMap<>();

    private final List<Kept> kept = new ArrayList<>();
    private final Map<Integer, NewView.Vote> votes = new HashMap<>();
    private final Forger client;

    SmallWorld(final UnaryOperator<PbftContext> settings, final int... liarIds) {
        group = new TestGroup(
                PEERS,
                1,
                context -> settings.apply(context.checkpointInterval(2)
                        .prePreparedMax(4)
                        .batchCountMax(4)
                        .requestLengthMax(256)
                        .clientBytesMax(4096)
                        .clientWindow(4)
                        .batchBytesMax(4096)
                        .messageLengthMax(4096)));
        group.filter = (fromId, toId, template, message) -> {
            if (!isLiar[fromId] && template == ReplyDecoder.TEMPLATE_ID) {
                keepReply(fromId, message);
            } else if (!isLiar[toId] && !isLiar[fromId]) {
                keep(fromId, toId, template, message);
            }
            return false;
        };
        for (final int liarId : liarIds) {
            isLiar[liarId] = true;
            liars[liarId] = new Forger(group, liarId);
        }
        client = new Forger(group, PEERS - 1);
    }

    private void keep(final int fromId, final int toId, final int template, final UnsafeBuffer message) {
        switch (template) {
            case PrePrepareDecoder.TEMPLATE_ID -> {
                final PrePrepareDecoder decoder = new PrePrepareDecoder();
                decoder.wrap(message, HEADER_LENGTH, PrePrepareDecoder.BLOCK_LENGTH, 0);
                kept.add(new Kept(fromId, toId, template, decoder.view(), decoder.sequence(), message));
                final int from =
                        HEADER_LENGTH + PrePrepareDecoder.BLOCK_LENGTH + PrePrepareDecoder.requestDigestsHeaderLength();
                learn(new Batch(new Digest(), message, from, message.capacity() - from));
            }
            case PrepareDecoder.TEMPLATE_ID -> {
                final PrepareDecoder decoder = new PrepareDecoder();
                decoder.wrap(message, HEADER_LENGTH, PrepareDecoder.BLOCK_LENGTH, 0);
                kept.add(new Kept(fromId, toId, template, decoder.view(), decoder.sequence(), message));
            }
            case CommitDecoder.TEMPLATE_ID -> {
                final CommitDecoder decoder = new CommitDecoder();
                decoder.wrap(message, HEADER_LENGTH, CommitDecoder.BLOCK_LENGTH, 0);
                final byte[] digest = new byte[Digest256.LENGTH];
                decoder.getBatchDigest(digest, 0, digest.length);
                final String what = decoder.sequence() + " " + decoder.view() + " "
                        + new Digest256().set(new UnsafeBuffer(digest), 0);
                commits.merge(what, 1 << fromId, (a, b) -> a | b);
            }
            case ViewChangeDecoder.TEMPLATE_ID -> {
                final ViewChangeDecoder decoder = new ViewChangeDecoder();
                decoder.wrap(message, HEADER_LENGTH, ViewChangeDecoder.BLOCK_LENGTH, 0);
                kept.add(new Kept(fromId, toId, template, decoder.view(), 0, message));
                votes.put(
                        fromId,
                        new NewView.Vote(
                                fromId,
                                decoder.view(),
                                new Checkpoints.Certificate(PEERS),
                                0,
                                0,
                                message,
                                HEADER_LENGTH,
                                message.capacity() - HEADER_LENGTH));
            }
            case NewViewDecoder.TEMPLATE_ID -> {
                final NewViewDecoder decoder = new NewViewDecoder();
                decoder.wrap(message, HEADER_LENGTH, NewViewDecoder.BLOCK_LENGTH, 0);
                kept.add(new Kept(fromId, toId, template, decoder.view(), 0, message));
            }
            default -> {
                // Requests are everywhere already; checkpoints, fetches and replies play no part here.
            }
        }
    }

    /** A tentative reply says: this batch has prepared here in this view. P must say so, too. */
    private void keepReply(final int fromId, final UnsafeBuffer message) {
        final ReplyDecoder decoder = new ReplyDecoder();
        decoder.wrap(message, HEADER_LENGTH, ReplyDecoder.BLOCK_LENGTH, 0);
        if (decoder.standing() != Replies.TENTATIVE) {
            throw new AssertionError("nothing commits in the small world, and a final reply is sent");
        }
        final LogSlot slot = replica(fromId).log.slot(decoder.sequence());
        if (slot.preparedView != decoder.view()) {
            throw new AssertionError("replica " + fromId + " answers tentatively what P does not hold");
        }
        keepTentative(fromId, slot);
    }

    private void keepTentative(final int id, final LogSlot slot) {
        final String what = slot.sequence + " " + slot.preparedView + " " + slot.preparedDigest;
        tentatives.merge(what, 1 << id, (a, b) -> a | b);
    }

    void learn(final Batch batch) {
        known.put(batch.digest().toString(), batch);
    }

    /** Gives a replica the batches that it lacks: a correct peer that voted has them. */
    void supply(final int id, final int slots) {
        for (final Batch batch : new ArrayList<>(known.values())) {
            for (int sequence = 1; sequence <= slots; sequence++) {
                final long at = sequence;
                client.say(publisher -> publisher.batch(id, at, batch));
                hear(client.id, id, client.last());
            }
        }
    }

    PbftReplica replica(final int id) {
        return group.peers[id].replica;
    }

    /** Gives a signed request to every correct replica, the primary of view 0 last: what it proposes everybody can vote for. */
    UnsafeBuffer request(final long number) {
        final UnsafeBuffer request = client.request(client.id, number, "r" + number);
        client.say(publisher -> publisher.request(0, true, request, request.capacity()));
        for (int id = PEERS - 1; id >= 0; id--) {
            if (!isLiar[id]) {
                hear(client.id, id, client.last());
            }
        }
        return request;
    }

    /** Delivers what one replica said to another about a view and a sequence; true if there was something. */
    boolean deliver(final int template, final int fromId, final int toId, final long view, final long sequence) {
        boolean isFound = false;
        for (int i = 0; i < kept.size(); i++) {
            final Kept one = kept.get(i);
            if (one.template == template
                    && one.fromId == fromId
                    && one.toId == toId
                    && one.view == view
                    && one.sequence == sequence) {
                hear(fromId, toId, one.bytes);
                isFound = true;
            }
        }
        return isFound;
    }

    /** A liar's message, straight into a correct replica. */
    void hear(final int fromId, final int toId, final UnsafeBuffer bytes) {
        group.peers[toId].adapter.onMessage(fromId, bytes, 0, bytes.capacity(), group.nowNs);
        group.peers[toId].workOff();
        final PbftReplica replica = replica(toId);
        if (toId == client.id && replica.isActive() && replica.applier.isTentative(1)) {
            // Its reply to its own client takes no message.
            keepTentative(toId, replica.log.slot(1));
        }
    }

    /** The last view change of a correct replica, with its claims: nothing has changed them since it was sent. */
    NewView.Vote vote(final int id) {
        final NewView.Vote sent = votes.get(id);
        final PbftLog log = replica(id).log;
        final NewView.Vote vote = new NewView.Vote(
                id,
                sent.view(),
                sent.base(),
                log.preparedCount(),
                log.prePreparedCount(),
                sent.statement(),
                0,
                sent.statement().capacity());
        log.claim(vote.prepared(), vote.prePrepared());
        return vote;
    }

    /** Everything of the correct replicas that outlives a view, and what holds in this one; equal texts behave alike. */
    String signature(final int slots) {
        final StringBuilder text = new StringBuilder();
        for (int id = 0; id < PEERS; id++) {
            if (!isLiar[id]) {
                final PbftReplica replica = replica(id);
                text.append(id).append(replica.isActive() ? 'v' : 'w').append(replica.view());
                for (int sequence = 1; sequence <= slots; sequence++) {
                    append(text, replica.log.slot(sequence));
                }
                text.append('\n');
            }
        }
        return text.append(commits).append(tentatives).toString();
    }

    private static void append(final StringBuilder text, final LogSlot slot) {
        text.append('|');
        if (slot.isAccepted) {
            text.append(slot.digest).append(slot.isVoted);
        }
        text.append('P').append(slot.preparedView);
        if (slot.preparedView >= 0) {
            text.append(slot.preparedDigest);
        }
        final TreeSet<String> entries = new TreeSet<>();
        for (int i = 0; i < slot.prePreparedCount(); i++) {
            entries.add(slot.prePreparedView(i) + "/" + slot.prePreparedDigest(i));
        }
        text.append('Q').append(entries);
    }

    /**
     * Null, or what is wrong: two digests for which q replicas, liars included, may have sent commits or tentative replies; or a
     * state that holds another batch than the one that its replica's view has.
     */
    String disagreement() {
        for (int id = 0; id < PEERS; id++) {
            if (!isLiar[id] && !isStateSound(id)) {
                return "replica " + id + " keeps a state that its view has put something else in place of";
            }
        }
        final Map<String, Integer> spoken = new TreeMap<>(commits);
        tentatives.forEach((what, mask) -> spoken.merge(what, mask, (a, b) -> a | b));
        final int liarCount = PEERS - correctCount();
        final int quorum = io.quorate.engine.quorum.Quorum.of(PEERS).quorum();
        final Map<String, String> decided = new HashMap<>();
        for (final Map.Entry<String, Integer> entry : spoken.entrySet()) {
            if (Integer.bitCount(entry.getValue()) + liarCount >= Math.min(quorum, quorumUsed())) {
                final String[] words = entry.getKey().split(" ", -1);
                final String before = decided.putIfAbsent(words[0], words[2]);
                if (before != null && !before.equals(words[2])) {
                    return "sequence " + words[0] + " commits twice: " + spoken;
                }
            }
        }
        return null;
    }

    private boolean isStateSound(final int id) {
        final PbftReplica replica = replica(id);
        final Digest256 held = replica.applier.tentativeDigest();
        if (held == null) {
            return group.peers[id].register.applied.isEmpty();
        }
        final LogSlot slot = replica.log.slot(1);
        return !replica.isActive() || (slot.isAccepted && slot.digest.isEqual(held));
    }

    private int quorumUsed() {
        return group.peers[0].context.quorum().quorum();
    }

    int correctCount() {
        int count = 0;
        for (final boolean liar : isLiar) {
            count += liar ? 0 : 1;
        }
        return count;
    }
}

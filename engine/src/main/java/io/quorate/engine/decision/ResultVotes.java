package io.quorate.engine.decision;

import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The latest result votes of each peer, the same number of rounds for each: a peer that floods loses its own old votes and
 * nobody else's.
 */
final class ResultVotes {
    private final List<Map<String, Vote>> byPeer = new ArrayList<>();
    private final int roundsMax;

    /** One peer's vote on one round. */
    static final class Vote {
        final long sequence;
        final UnsafeBuffer digest = new UnsafeBuffer(new byte[Digest.LENGTH]);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        boolean isSigned;
        boolean isVerified;
        boolean isContradicted;

        Vote(final long sequence, final DirectBuffer digest) {
            this.sequence = sequence;
            this.digest.putBytes(0, digest, 0, Digest.LENGTH);
        }

        void sign(final DirectBuffer signature) {
            this.signature.putBytes(0, signature, 0, Signer.SIGNATURE_LENGTH);
            isSigned = true;
        }

        boolean says(final long sequence, final DirectBuffer digest) {
            if (this.sequence != sequence) {
                return false;
            }
            for (int i = 0; i < Digest.LENGTH; i += Long.BYTES) {
                if (this.digest.getLong(i) != digest.getLong(i)) {
                    return false;
                }
            }
            return true;
        }
    }

    ResultVotes(final int peerCount, final int roundsMax) {
        this.roundsMax = roundsMax;
        for (int i = 0; i < peerCount; i++) {
            byPeer.add(new LinkedHashMap<>());
        }
    }

    int peerCount() {
        return byPeer.size();
    }

    Vote vote(final int peerId, final String round) {
        return byPeer.get(peerId).get(round);
    }

    void put(final int peerId, final String round, final Vote vote) {
        final Map<String, Vote> votes = byPeer.get(peerId);
        votes.remove(round);
        votes.put(round, vote);
        if (votes.size() > roundsMax) {
            votes.remove(votes.keySet().iterator().next());
        }
    }

    void remove(final int peerId, final String round) {
        byPeer.get(peerId).remove(round);
    }

    /** How many peers say this of the round. */
    int count(final String round, final long sequence, final DirectBuffer digest) {
        int count = 0;
        for (final Map<String, Vote> votes : byPeer) {
            final Vote vote = votes.get(round);
            count += vote != null && vote.says(sequence, digest) ? 1 : 0;
        }
        return count;
    }
}

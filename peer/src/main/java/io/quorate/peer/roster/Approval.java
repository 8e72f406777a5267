package io.quorate.peer.roster;

import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * The word of one peer's operator that the group may go on with another roster, as a line of text: {@code quorate-approval 1 SIGNER
 * GROUP NEXT-GROUP SIGNATURE}. Both groups are named, so that an approval of something else is seen before it is sent.
 */
public record Approval(int signerId, String group, String nextGroup, byte[] signature) {
    private static final String LABEL = "quorate-approval 1";
    private static final HexFormat HEX = HexFormat.of();

    /**
     * Signs with the key of a peer of the current roster.
     *
     * @throws IllegalArgumentException if the key is not in it
     */
    static Approval of(final PeerIdentity identity, final Roster current, final Roster next) {
        final int signerId = current.idOf(identity.publicKey());
        if (signerId < 0) {
            throw new IllegalArgumentException("the key " + identity.fingerprint()
                    + " is not in the present roster, whose peers approve the next");
        }
        final Ed25519Signer signer = new Ed25519Signer(Ed25519Provider.choose(), identity, current);
        return new Approval(signerId, id(current), id(next), ReconfigureCommand.approve(signer, current, next));
    }

    String line() {
        return LABEL + " " + signerId + " " + group + " " + nextGroup + " " + HEX.formatHex(signature);
    }

    /**
     * Reads a line.
     *
     * @param source what to call it in errors, for example its file
     */
    static Approval parse(final String line, final String source) {
        final String[] words = line.strip().split(" ");
        if (words.length != 6
                || !line.startsWith(LABEL + " ")
                || !words[2].matches("[0-9]{1,2}")
                || !words[3].matches("[0-9a-f]{64}")
                || !words[4].matches("[0-9a-f]{64}")
                || !words[5].matches("[0-9a-f]{128}")) {
            throw new IllegalArgumentException(
                    source + " is no approval: expected one line \"" + LABEL + " ID GROUP GROUP SIGNATURE\"");
        }
        return new Approval(Integer.parseInt(words[2]), words[3], words[4], HEX.parseHex(words[5]));
    }

    /**
     * The signatures of approvals by the ids of their signers.
     *
     * @throws IllegalArgumentException if one is for other rosters, is there twice, or does not hold
     */
    public static Map<Integer, byte[]> signatures(
            final Iterable<String> lines, final Roster current, final Roster next) {
        final Ed25519Verifier verifier = new Ed25519Verifier(Ed25519Provider.choose(), current);
        final Map<Integer, byte[]> signatures = new TreeMap<>();
        for (final String line : lines) {
            final Approval approval = parse(line, "\"" + line + "\"");
            approval.requireFor(current, next);
            final String of = "the approval of peer " + approval.signerId;
            require(
                    approval.signerId < current.size(),
                    of + " is of nobody: the roster has " + current.size() + " peers");
            require(!signatures.containsKey(approval.signerId), of + " is given twice");
            signatures.put(approval.signerId, approval.signature);
            final byte[] alone =
                    ReconfigureCommand.encode(current, next, Map.of(approval.signerId, approval.signature));
            require(
                    ReconfigureCommand.isApproved(alone, current, verifier),
                    of + " does not hold: the signature is false");
        }
        return signatures;
    }

    private void requireFor(final Roster current, final Roster next) {
        final String of = "the approval of peer " + signerId + " is for another ";
        require(group.equals(id(current)), of + "group or epoch: its operator approves again");
        require(nextGroup.equals(id(next)), of + "next roster than the one given");
    }

    private static void require(final boolean condition, final String complaint) {
        if (!condition) {
            throw new IllegalArgumentException(complaint);
        }
    }

    private static String id(final Roster roster) {
        return HEX.formatHex(roster.groupId());
    }
}

package io.quorate.transport;

/** Why an incoming frame or handshake was dropped, in the order in which the checks are made. */
public enum DropReason {
    LENGTH("The length is outside the limits or contradicts the header."),
    VERSION("Magic number, version, type, suite or header length is not ours."),
    GROUP("The frame is for another group."),
    EPOCH("The frame is for another roster epoch."),
    RECEIVER("The frame is for another peer."),
    SENDER("The sender is this peer itself or not in the roster."),
    UNKNOWN_KEY("No session has this key id."),
    MAC("The MAC does not match."),
    REPLAY("The counter was seen before or is too old."),
    MALFORMED("The authenticated body is not a sequence of whole messages of our schema."),
    HANDSHAKE_MALFORMED("A handshake message has a wrong length, group, epoch, suite or peer."),
    HANDSHAKE_MAC("The MAC of the two peers' static key does not match: not from the peer that it claims."),
    HANDSHAKE_STALE("An answer to no question of ours, or one that came too late."),
    HANDSHAKE_BUDGET("The sender's budget of signature checks is spent."),
    HANDSHAKE_SIGNATURE("The handshake signature does not match the roster."),
    HANDSHAKE_WEAK_KEY("The shared secret is all zero.");

    private final String description;

    DropReason(final String description) {
        this.description = description;
    }

    public String description() {
        return description;
    }
}

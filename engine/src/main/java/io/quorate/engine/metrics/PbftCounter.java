package io.quorate.engine.metrics;

/** What a replica and its client count; unit is events unless the sentence says otherwise. */
public enum PbftCounter {
    REQUESTS_ACCEPTED("verified requests taken in"),
    REQUESTS_SIGNED_LATER("requests held with tags whose signature came"),
    CHECKED_LATER("signed requests that went to the verifier"),
    STALLED_TAGS("views left over a client's request without signature"),
    BATCHES_PROPOSED("pre-prepares sent as primary, null batches included"),
    NULL_BATCHES_PROPOSED("null batches proposed so that a peer gets its vote back"),
    PREPARED("slots prepared"),
    COMMITTED("slots committed"),
    TENTATIVE("sequences executed ahead of their commit"),
    ROLLBACKS("tentative sequences taken back"),
    REQUESTS_EXECUTED("requests handed to execution"),
    CHECKPOINTS_STABLE("checkpoints that became stable"),
    VIEW_CHANGES_STARTED("view changes sent"),
    SLOW_PRIMARIES_LEFT("views left that this replica found too slow"),
    NEW_VIEWS_INSTALLED("new views entered"),
    STATE_TRANSFERS_STARTED("snapshot fetches begun"),
    STATE_TRANSFERS_DONE("snapshots fetched, checked and restored"),
    SNAPSHOT_PARTS_FETCHED("pages and digest nodes of snapshots that came and were good"),
    COMMITTED_BY_REPORT("slots believed committed on f+1 reports"),
    RETRANSMISSIONS("messages sent again for want of progress"),
    REPLIES_RESENT("kept replies sent again"),
    EQUIVOCATIONS("conflicts between two signed statements of one peer, proven and kept"),
    DROPPED_MALFORMED("messages that do not decode"),
    DROPPED_UNKNOWN_PEER("ids that are not in the group"),
    DROPPED_SENDER_MISMATCH("sender fields that are not the authenticated sender"),
    DROPPED_NOT_PRIMARY("pre-prepares from a peer that is not the view's primary"),
    DROPPED_OLD_VIEW("messages of a view left behind"),
    DROPPED_INACTIVE_VIEW("pre-prepares for a view not entered"),
    DROPPED_OUT_OF_WINDOW("sequences outside the watermarks"),
    DROPPED_DUPLICATE("messages already counted"),
    DROPPED_CONFLICTING("second, different statements for a slot"),
    DROPPED_BAD_SIGNATURE("signatures that do not verify"),
    DROPPED_BAD_TAG("requests passed on whose tag does not hold and that nobody else vouches for"),
    DROPPED_BAD_DIGEST("contents that do not have the digest they claim"),
    DROPPED_BAD_CERTIFICATE("checkpoint certificates without q valid signatures"),
    DROPPED_BAD_VIEW_CHANGE("view changes whose contents contradict themselves"),
    DROPPED_BAD_NEW_VIEW("new views that rest on too little"),
    DROPPED_STALE_REQUEST("request numbers below the client's window"),
    DROPPED_CLIENT_BUDGET("requests beyond the client's budget"),
    DROPPED_REQUEST_LENGTH("request bodies longer than allowed"),
    DROPPED_SLOT_CROWDED("fresh pre-prepares for a slot that saw too many digests"),
    DROPPED_FETCH_BUDGET("fetches beyond what one peer is served in one pause"),
    DROPPED_CHECK_BUDGET("signatures not checked, because whoever sent them had too many useless ones checked"),
    DROPPED_SEARCH_BUDGET(
            "refused requests not looked for in slots, because whoever sent them had too many looked for in vain"),
    DROPPED_MESSAGE_BUDGET("messages beyond what one peer may have handled, unread"),
    DROPPED_UNWANTED("answers that nobody asked for");

    private final String sentence;

    PbftCounter(final String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}

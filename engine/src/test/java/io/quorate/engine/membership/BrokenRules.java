package io.quorate.engine.membership;

import io.quorate.engine.quorum.Quorum;

/**
 * Rules of membership that are wrong on purpose: what takes the place of the right ones in the twins of
 * {@code io.quorate.engine.planted}. Each is called from a production method that was changed for one twin, with the object first and
 * the arguments after it.
 */
public final class BrokenRules {
    private BrokenRules() {}

    static boolean differs(final Member member, final Member other) {
        return !member.entry().equals(other.entry());
    }

    static boolean isNewsOfTheTrusted(final MemberTable table, final Member member) {
        return table.isNews(member)
                && table.state(member.id()) != MemberTable.State.SUSPECT
                && table.state(member.id()) != MemberTable.State.FAULTY;
    }

    /** What the answering member signed long ago is taken again. */
    static void raise(
            final Swim swim,
            final int senderId,
            final long knownIncarnation,
            final int flags,
            final long tableHash,
            final long nowNs) {
        if (swim.table().state(senderId) == MemberTable.State.FAULTY && flags >= 0 && knownIncarnation != tableHash) {
            swim.table().put(swim.table().record(senderId), nowNs);
        }
    }

    static int half(final Quorum quorum) {
        return quorum.peerCount() / 2;
    }
}

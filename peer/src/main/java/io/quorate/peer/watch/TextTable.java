package io.quorate.peer.watch;

import java.util.ArrayList;
import java.util.List;

/** Rows of cells under a head, each column as wide as its longest cell; the first columns to the left, numbers to the right. */
final class TextTable {
    private static final String GAP = "  ";

    private final List<List<String>> rows = new ArrayList<>();
    private final int leftColumns;

    /** @param leftColumns how many columns, from the first, begin at their left edge */
    TextTable(final int leftColumns, final String... head) {
        this.leftColumns = leftColumns;
        rows.add(List.of(head));
    }

    void row(final String... cells) {
        rows.add(List.of(cells));
    }

    /** The lines, each ended. */
    String render() {
        final int[] widths = new int[rows.getFirst().size()];
        for (final List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        final StringBuilder text = new StringBuilder();
        for (final List<String> row : rows) {
            final StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                final String padding =
                        " ".repeat(widths[column] - row.get(column).length());
                line.append(column == 0 ? "" : GAP);
                line.append(column < leftColumns ? row.get(column) + padding : padding + row.get(column));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}

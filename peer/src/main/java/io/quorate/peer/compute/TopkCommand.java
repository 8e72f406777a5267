package io.quorate.peer.compute;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.similarity.Neighbours;
import io.quorate.kernels.similarity.TopK;
import io.quorate.kernels.similarity.TopKScratch;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The rows of a file that are nearest to each query by cosine. */
@Command(
        name = "topk",
        description = "The rows that are nearest to each query by cosine, by an exact scan.",
        footer = {
            "",
            "Printed are the columns query, row and cosine, nearest first, equal ones by ascending row; all counted from 0.",
            "With --json one object: {\"k\",\"rows\":[[...]],\"cosines\":[[...]]}, a list for each query.",
            "A zero row has cosine 0 with everything; a zero query is refused.",
            "Example: ./quorate compute topk --in X.npy --query Q.npy --k 5 --json"
        })
public final class TopkCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--in", paramLabel = "X.npy", required = true, description = "The rows, n x d.")
    private Path inFile;

    @Option(
            names = "--query",
            paramLabel = "Q.npy",
            required = true,
            description = "One query, (d,), or several, m x d; all are answered in one pass over the rows.")
    private Path queryFile;

    @Option(names = "--k", paramLabel = "K", required = true, description = "How many neighbours; at most n.")
    private int k;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private KernelOptions kernel;

    @Mixin
    private ThreadOptions threads;

    @Override
    public Integer call() throws IOException {
        final TopK topK = new TopK(kernel.primitives());
        try (KernelTeam team = threads.team();
                Arena arena = Arena.ofShared()) {
            final FloatMatrix rows = NpyFile.readMatrix(inFile, arena);
            final FloatMatrix queries = NpyFile.readMatrix(queryFile, arena);
            if (queries.cols() != rows.cols()) {
                throw new IllegalArgumentException("queries and rows must have equally many columns, given "
                        + queries.rows() + " x " + queries.cols() + " queries and " + rows.rows() + " x " + rows.cols()
                        + " rows");
            }
            if (k < 1 || k > rows.rows()) {
                throw new IllegalArgumentException(
                        "--k must be within 1.." + rows.rows() + ", the number of rows, given " + k);
            }
            final Neighbours found = new Neighbours(queries.rows(), k);
            try (TopKScratch scratch = new TopKScratch(queries.rows(), queries.cols(), k, team.threads())) {
                topK.find(rows, queries, k, found, scratch, team);
            }
            print(found);
        }
        kernel.report(threads.threads());
        return 0;
    }

    private void print(final Neighbours found) {
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonLine.write(fields(found)));
        } else {
            out.println("query\trow\tcosine");
            for (int query = 0; query < found.queries(); query++) {
                for (int rank = 0; rank < found.k(); rank++) {
                    out.print(query + "\t" + found.row(query, rank) + "\t" + found.cosine(query, rank) + "\n");
                }
            }
        }
        out.flush();
    }

    private static Map<String, Object> fields(final Neighbours found) {
        final List<List<Integer>> rows = new ArrayList<>();
        final List<List<Double>> cosines = new ArrayList<>();
        for (int query = 0; query < found.queries(); query++) {
            final List<Integer> rowsOfQuery = new ArrayList<>();
            final List<Double> cosinesOfQuery = new ArrayList<>();
            for (int rank = 0; rank < found.k(); rank++) {
                rowsOfQuery.add(found.row(query, rank));
                cosinesOfQuery.add(found.cosine(query, rank));
            }
            rows.add(rowsOfQuery);
            cosines.add(cosinesOfQuery);
        }
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("k", found.k());
        fields.put("rows", rows);
        fields.put("cosines", cosines);
        return fields;
    }
}

/** BERT's uncased tokenizer from a tokenizer.json: words and punctuation, then the longest pieces. */

/** Ids of a text, with [CLS] before and [SEP] after it. */
export type WordPiece = (text: string) => number[];

const MAX_WORD = 100;

export function wordPiece(json: string): WordPiece {
  const { model } = JSON.parse(json) as { model: { vocab: Record<string, number> } };
  const vocabulary = new Map(Object.entries(model.vocab));
  const id = (token: string): number => vocabulary.get(token)!;

  const pieces = (word: string): number[] => {
    const found: number[] = [];
    for (let at = 0; at < word.length;) {
      let end = word.length;
      let piece: number | undefined;
      for (; end > at; end--) {
        piece = vocabulary.get((at > 0 ? '##' : '') + word.slice(at, end));
        if (piece !== undefined) break;
      }
      if (piece === undefined || word.length > MAX_WORD) return [id('[UNK]')];
      found.push(piece);
      at = end;
    }
    return found;
  };

  return (text) => {
    const plain = text
      .toLowerCase()
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '')
      .replace(/[\p{P}\p{S}\p{Script=Han}]/gu, ' $& ');
    const words = plain.split(/\s+/u).filter((w) => w !== '');
    return [id('[CLS]'), ...words.flatMap(pieces), id('[SEP]')];
  };
}

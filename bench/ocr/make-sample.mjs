// Draws sample.png, the example image of the quickstart: a delivery note in two fonts and sizes.
//   node bench/ocr/make-sample.mjs
import sharp from 'sharp';

const lines = [
  [60, 90, 38, 'bold', 'NORTHWIND DELIVERY NOTE'],
  [60, 160, 28, 'normal', 'Order 20417   2026-11-02'],
  [60, 225, 28, 'normal', '12 x Copper pipe 15 mm'],
  [60, 275, 28, 'normal', '4 x Ball valve DN20'],
  [60, 325, 28, 'normal', '1 x Pressure gauge 0-10 bar'],
  [60, 400, 34, 'bold', 'Total: 318.50 EUR'],
  [60, 455, 24, 'normal', 'Please check on arrival'],
];
const text = lines
  .map(
    ([x, y, size, weight, s]) =>
      `<text x="${x}" y="${y}" font-family="DejaVu Sans" font-size="${size}" font-weight="${weight}" fill="#1d2430">${s}</text>`,
  )
  .join('');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="760" height="500"><rect width="760" height="500" fill="#f4f1e8"/><rect x="36" y="30" width="688" height="440" fill="#fffdf7" stroke="#c9c2ae"/>${text}</svg>`;
await sharp(Buffer.from(svg))
  .png({ compressionLevel: 9, palette: true })
  .toFile(new URL('./sample.png', import.meta.url).pathname);

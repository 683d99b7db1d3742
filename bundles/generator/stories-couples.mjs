// What happened to the eight couples and the couple of two women in the eighteen months before the anchor.
// A visit is [service, days after the start, what was done]; days move on to the next opening day.

const BASIC = { panels: ['hormones', 'thyroid', 'infection', 'blood-group'] };
const FULL = { panels: [...BASIC.panels, 'blood-count', 'nutrients'] };
const MALE = { panels: ['hormones-male', 'infection', 'blood-group'] };
const SCAN = { scan: true };

export const COUPLE_STORIES = [
  {
    patient: 'anna', by: 'dr-lindholm', start: '2025-03-04', smoking: 'never', blood: ['A', '+'], births: 0, miscarriages: 0,
    body: { height: '168', weight: '61.5', bp: [118, 74] },
    labs: { amh: '2.45', fsh: '6.8', lh: '5.4', e2: '42', prolactin: '12.6', tsh: '1.85', rubella: '86' },
    afc: [7, 8], endometrium: '4.1',
    conditions: [['primary-infertility', { visit: 1, onsetDays: -640 }], ['hay-fever', { visit: 1, onsetAge: 11 }]],
    allergies: [['grass-pollen', 'itching', 'low'], ['penicillin', 'hives', 'low']],
    drugs: [['folic-acid', { visit: 1 }], ['cetirizine', { visit: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 7, FULL], ['baseline-scan', 7, SCAN],
      ['tubal-patency-test', 30, { procedure: 'contrast-sonography', conclusion: 'Both tubes patent, cavity of normal shape.' }],
      ['results-consultation', 44], ['counselling', 58, { procedure: 'counselling' }],
      ['follow-up-consultation', 217], ['blood-test', 259, { panels: ['infection'] }], ['consent-signing', 273],
    ],
  },
  {
    patient: 'ben', by: 'dr-menon', start: '2025-03-14', smoking: 'former', blood: ['O', '+'],
    body: { height: '183', weight: '84.0', bp: [126, 80] },
    labs: { fsh: '6.9', lh: '4.8', testosterone: '4.12' },
    conditions: [['male-infertility', { visit: 6, onsetDays: -630 }]],
    allergies: [['none']], history: [['hernia-repair', 9]],
    visits: [
      ['andrology-consultation', 0], ['blood-test', 4, MALE],
      ['semen-analysis', 11, { semen: { volume: '2.8', concentration: '9.5', progressive: 22, nonprogressive: 11, vitality: 58, normal: 3, abstinence: 3 } }],
      ['counselling', 48, { procedure: 'counselling' }],
      ['semen-analysis', 102, { semen: { volume: '3.1', concentration: '11.2', progressive: 24, nonprogressive: 12, vitality: 60, normal: 3, abstinence: 4 } }],
      ['andrology-consultation', 109], ['consent-signing', 263],
    ],
  },
  {
    patient: 'olena', by: 'dr-tanaka', start: '2024-10-15', smoking: 'never', blood: ['B', '+'], births: 1, miscarriages: 1,
    body: { height: '171', weight: '66.2', bp: [112, 70] },
    labs: { amh: '1.62', fsh: '8.4', lh: '6.1', e2: '55', prolactin: '14.9', tsh: '3.10', rubella: '142' },
    afc: [5, 4], endometrium: '5.0',
    conditions: [['secondary-infertility', { visit: 1, onsetDays: -720 }], ['tubal-infertility', { visit: 4, onsetDays: 0 }], ['hydrosalpinx', { visit: 4, onsetDays: 0 }]],
    allergies: [['none']], drugs: [['folic-acid', { visit: 1 }], ['colecalciferol', { visit: 1 }]], history: [['appendicectomy', 17]],
    visits: [
      ['first-consultation', 0], ['blood-test', 9, BASIC], ['baseline-scan', 9, SCAN],
      ['tubal-patency-test', 37, { procedure: 'contrast-sonography', conclusion: 'Right tube dilated and closed, left tube patent.' }],
      ['results-consultation', 51], ['follow-up-consultation', 190], ['video-consultation', 330], ['follow-up-consultation', 393, { status: 'cancelled', reason: ['pat', 'Patient'] }],
    ],
  },
  {
    patient: 'taras', by: 'dr-menon', start: '2024-11-05', smoking: 'daily', blood: ['A', '+'],
    body: { height: '178', weight: '79.3', bp: [131, 84] },
    labs: { fsh: '4.4', lh: '3.9', testosterone: '5.20' }, allergies: [['none']],
    visits: [
      ['andrology-consultation', 0], ['blood-test', 3, MALE],
      ['semen-analysis', 8, { semen: { volume: '3.6', concentration: '48.0', progressive: 46, nonprogressive: 9, vitality: 71, normal: 6, abstinence: 3 } }],
    ],
  },
  {
    patient: 'eleni', by: 'dr-lindholm', start: '2025-01-21', smoking: 'former', blood: ['O', '-'], births: 0, miscarriages: 1,
    body: { height: '162', weight: '58.4', bp: [108, 68] },
    labs: { amh: '0.62', fsh: '13.8', lh: '7.2', e2: '61', prolactin: '10.4', tsh: '2.20', haemoglobin: '10.9', mcv: '66.4', ferritin: '58', rubella: '61' },
    afc: [2, 3], endometrium: '4.4',
    conditions: [['diminished-reserve', { visit: 4, onsetDays: -400 }], ['thalassaemia-trait', { visit: 1, onsetAge: 14 }]],
    allergies: [['aspirin', 'dyspnoea', 'high']], drugs: [['folic-acid', { visit: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 6, FULL], ['baseline-scan', 6, SCAN], ['results-consultation', 21],
      ['genetic-counselling', 35, { procedure: 'genetic-counselling' }], ['follow-up-consultation', 160], ['blood-test', 287, { panels: ['hormones', 'thyroid'], labs: { amh: '0.55', fsh: '14.6', lh: '7.0', e2: '48', prolactin: '11.2' } }],
      ['follow-up-consultation', 301],
    ],
  },
  {
    patient: 'nikos', by: 'dr-menon', start: '2025-02-04', smoking: 'never', blood: ['A', '+'],
    body: { height: '176', weight: '88.9', bp: [128, 82] },
    labs: { fsh: '5.1', lh: '4.2', testosterone: '4.75', haemoglobin: '14.9', mcv: '88.2' }, allergies: [['none']],
    visits: [
      ['andrology-consultation', 0], ['blood-test', 1, { panels: ['hormones-male', 'infection', 'blood-group', 'blood-count'] }],
      ['semen-analysis', 7, { semen: { volume: '2.2', concentration: '62.5', progressive: 51, nonprogressive: 8, vitality: 74, normal: 7, abstinence: 4 } }],
      ['genetic-counselling', 21, { procedure: 'genetic-counselling' }],
    ],
  },
  {
    patient: 'layla', by: 'dr-tanaka', start: '2025-05-13', smoking: 'never', blood: ['A', '+'], births: 0, miscarriages: 0,
    body: { height: '164', weight: '84.6', bp: [124, 78] },
    labs: { amh: '8.90', fsh: '5.2', lh: '13.4', e2: '48', prolactin: '15.2', testosterone: '0.71', tsh: '2.45', ft4: '1.10', glucose: '104', hba1c: '5.7', rubella: '112' },
    afc: [18, 21], endometrium: '6.8',
    conditions: [['pcos', { visit: 4, onsetAge: 22 }], ['anovulatory-infertility', { visit: 4, onsetDays: -500 }], ['obesity', { visit: 1, onsetAge: 24 }]],
    allergies: [['none']],
    drugs: [['folic-acid', { visit: 1 }], ['metformin', { visit: 4 }], ['letrozole', { visit: 4, days: 5 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 6, { panels: [...BASIC.panels, 'chemistry', 'metabolic'] }], ['baseline-scan', 6, SCAN], ['results-consultation', 20],
      ['follicle-scan', 48, { scan: true, conclusion: 'One follicle of 17 mm on the right, endometrium 8.2 mm, three layers.', endometrium: '8.2' }],
      ['blood-test', 58, { panels: ['luteal'], labs: { p4: '11.8' } }], ['pregnancy-test', 69, { hcg: '1.2' }], ['nurse-teaching', 104], ['follow-up-consultation', 150],
    ],
  },
  {
    patient: 'omar', by: 'dr-menon', start: '2025-05-20', smoking: 'daily', blood: ['B', '+'],
    body: { height: '181', weight: '91.7', bp: [134, 86] },
    labs: { fsh: '3.8', lh: '3.5', testosterone: '4.05' }, allergies: [['peanut', 'anaphylaxis', 'high']],
    visits: [
      ['semen-analysis', 0, { semen: { volume: '4.0', concentration: '35.5', progressive: 38, nonprogressive: 10, vitality: 66, normal: 5, abstinence: 2 } }],
      ['blood-test', 1, { panels: ['hormones-male', 'infection'] }],
    ],
  },
  {
    patient: 'mei', by: 'dr-lindholm', start: '2024-09-03', smoking: 'never', blood: ['AB', '+'], births: 0, miscarriages: 0,
    body: { height: '160', weight: '52.8', bp: [104, 66] },
    labs: { amh: '3.10', fsh: '6.1', lh: '5.0', e2: '38', prolactin: '34.8', tsh: '1.30', rubella: '4' },
    afc: [9, 8], endometrium: '4.0',
    conditions: [['hyperprolactinaemia', { visit: 4, onsetDays: 0 }], ['anovulatory-infertility', { visit: 4, onsetDays: -380 }]],
    allergies: [['lactose', 'bloating', 'low']], drugs: [['folic-acid', { visit: 1 }], ['cabergoline', { visit: 4 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 10, BASIC], ['baseline-scan', 10, SCAN], ['results-consultation', 23],
      ['blood-test', 84, { panels: ['prolactin'], labs: { prolactin: '18.3' } }], ['video-consultation', 91],
      ['blood-test', 266, { panels: ['prolactin', 'luteal'], labs: { prolactin: '12.7', p4: '9.4' } }], ['follow-up-consultation', 280],
    ],
  },
  {
    patient: 'wei', by: 'dr-menon', start: '2024-09-17', smoking: 'never', blood: ['O', '+'],
    body: { height: '174', weight: '70.2', bp: [117, 75] },
    labs: { fsh: '4.9', lh: '4.4', testosterone: '5.61' }, allergies: [['none']],
    visits: [
      ['semen-analysis', 0, { semen: { volume: '2.6', concentration: '71.0', progressive: 55, nonprogressive: 7, vitality: 77, normal: 8, abstinence: 3 } }],
      ['blood-test', 2, { panels: ['hormones-male', 'infection'] }],
    ],
  },
  {
    patient: 'thuy', by: 'dr-tanaka', start: '2025-06-17', smoking: 'never', blood: ['O', '+'], births: 0, miscarriages: 0,
    body: { height: '155', weight: '47.9', bp: [102, 64] },
    labs: { amh: '4.02', fsh: '5.9', lh: '6.3', e2: '36', prolactin: '11.1', tsh: '1.65', rubella: '95' },
    afc: [11, 10], endometrium: '3.9',
    conditions: [['primary-infertility', { visit: 1, onsetDays: -430 }], ['migraine', { visit: 1, onsetAge: 19 }]],
    allergies: [['none']], drugs: [['folic-acid', { visit: 1 }], ['choriogonadotropin', { visit: 5, days: 1 }], ['progesterone', { visit: 6, days: 14 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 8, BASIC], ['baseline-scan', 8, SCAN], ['results-consultation', 22],
      ['follicle-scan', 71, { scan: true, conclusion: 'Leading follicle of 18 mm on the left, endometrium 9.1 mm.', endometrium: '9.1' }],
      ['iui', 73, { procedure: 'insemination-partner' }], ['pregnancy-test', 87, { hcg: '0.9' }], ['follow-up-consultation', 100], ['video-consultation', 140, { status: 'noshow' }],
    ],
  },
  {
    patient: 'minh', by: 'dr-menon', start: '2025-06-24', smoking: 'former', blood: ['O', '+'],
    body: { height: '169', weight: '65.5', bp: [119, 77] },
    labs: { fsh: '5.5', lh: '5.1', testosterone: '4.90' }, allergies: [['none']],
    visits: [
      ['semen-analysis', 0, { semen: { volume: '1.9', concentration: '28.4', progressive: 35, nonprogressive: 11, vitality: 63, normal: 5, abstinence: 5 } }],
      ['blood-test', 1, { panels: ['hormones-male', 'infection'] }],
    ],
  },
  {
    patient: 'priya', by: 'dr-lindholm', start: '2025-02-18', smoking: 'never', blood: ['B', '+'], births: 0, miscarriages: 2,
    body: { height: '158', weight: '59.0', bp: [110, 72] },
    labs: { amh: '2.05', fsh: '7.3', lh: '5.8', e2: '44', prolactin: '16.0', tsh: '6.40', ft4: '0.98', haemoglobin: '10.6', mcv: '74.5', ferritin: '9', vitaminD: '13.5', rubella: '120' },
    afc: [6, 7], endometrium: '4.6',
    conditions: [['secondary-infertility', { visit: 1, onsetDays: -300 }], ['subclinical-hypothyroidism', { visit: 4, onsetDays: 0 }], ['iron-deficiency-anaemia', { visit: 4, onsetDays: 0, resolvedDays: 200 }], ['vitamin-d-deficiency', { visit: 4, onsetDays: 0 }]],
    allergies: [['none']],
    drugs: [['folic-acid', { visit: 1 }], ['levothyroxine', { visit: 4 }], ['iron', { visit: 4, days: 180 }], ['colecalciferol', { visit: 4 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 9, FULL], ['baseline-scan', 9, SCAN], ['results-consultation', 23],
      ['blood-test', 72, { panels: ['thyroid'], labs: { tsh: '2.10', ft4: '1.20' } }], ['blood-test', 198, { panels: ['thyroid', 'blood-count', 'nutrients'], labs: { tsh: '1.72', ft4: '1.24', haemoglobin: '12.6', mcv: '83.0', ferritin: '41', vitaminD: '31.0' } }],
      ['follow-up-consultation', 205],
    ],
  },
  {
    patient: 'arjun', by: 'dr-menon', start: '2025-03-04', smoking: 'never', blood: ['AB', '+'],
    body: { height: '175', weight: '77.7', bp: [122, 79] },
    labs: { fsh: '4.7', lh: '3.8', testosterone: '4.33' }, allergies: [['none']],
    visits: [
      ['semen-analysis', 0, { semen: { volume: '3.3', concentration: '41.0', progressive: 24, nonprogressive: 13, vitality: 59, normal: 4, abstinence: 3 } }],
      ['blood-test', 2, { panels: ['hormones-male', 'infection'] }],
    ],
  },
  {
    patient: 'zeynep', by: 'dr-tanaka', start: '2025-04-08', smoking: 'former', blood: ['A', '-'], births: 1, miscarriages: 0,
    body: { height: '166', weight: '70.1', bp: [116, 76] },
    labs: { amh: '1.20', fsh: '9.1', lh: '5.5', e2: '70', prolactin: '9.8', tsh: '2.90', ft4: '1.08', rubella: '77' },
    afc: [4, 4], endometrium: '5.2',
    conditions: [['ovarian-endometriosis', { visit: 3, onsetAge: 29 }], ['secondary-infertility', { visit: 1, onsetDays: -610 }]],
    allergies: [['latex', 'hives', 'low']], drugs: [['folic-acid', { visit: 1 }]], history: [['caesarean', 27]],
    visits: [
      ['first-consultation', 0], ['blood-test', 7, BASIC], ['baseline-scan', 7, { scan: true, conclusion: 'Endometrioma of 28 mm in the left ovary; four antral follicles on each side.' }],
      ['results-consultation', 22], ['anaesthesia-consultation', 160], ['counselling', 168, { procedure: 'counselling' }], ['follow-up-consultation', 230],
    ],
  },
  {
    patient: 'emre', by: 'dr-menon', start: '2025-04-22', smoking: 'daily', blood: ['A', '+'],
    body: { height: '180', weight: '95.4', bp: [138, 88] },
    labs: { fsh: '6.2', lh: '5.6', testosterone: '3.05' }, allergies: [['penicillin', 'rash', 'low']],
    visits: [
      ['semen-analysis', 0, { semen: { volume: '2.4', concentration: '19.5', progressive: 31, nonprogressive: 12, vitality: 57, normal: 4, abstinence: 3 } }],
      ['blood-test', 2, MALE], ['andrology-consultation', 10],
    ],
  },
  {
    patient: 'elodie', by: 'dr-lindholm', start: '2025-05-06', smoking: 'never', blood: ['O', '+'], births: 0, miscarriages: 0,
    body: { height: '170', weight: '63.3', bp: [114, 72] },
    labs: { amh: '1.85', fsh: '7.7', lh: '5.2', e2: '47', prolactin: '13.0', tsh: '1.95', rubella: '104' },
    afc: [6, 5], endometrium: '4.2', allergies: [['none']], drugs: [['folic-acid', { visit: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 8, BASIC], ['baseline-scan', 8, SCAN], ['results-consultation', 22], ['counselling', 34, { procedure: 'counselling' }],
    ],
  },
  {
    patient: 'ines', by: 'dr-lindholm', start: '2025-05-07', smoking: 'never', blood: ['A', '+'], births: 0, miscarriages: 0,
    body: { height: '165', weight: '57.6', bp: [110, 69] },
    labs: { amh: '3.65', fsh: '5.8', lh: '5.1', e2: '40', prolactin: '10.9', tsh: '1.48', rubella: '88' },
    afc: [9, 11], endometrium: '4.0', allergies: [['none']], drugs: [['folic-acid', { visit: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 12, BASIC], ['baseline-scan', 12, SCAN], ['results-consultation', 21], ['counselling', 34, { procedure: 'counselling' }],
    ],
  },
];

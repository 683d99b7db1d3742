// What happened to those who came alone, to the donors, and to one record made twice.

const BASIC = { panels: ['hormones', 'thyroid', 'infection', 'blood-group'] };
const WORKUP = { panels: ['hormones', 'thyroid'] };
const MALE = { panels: ['hormones-male', 'infection', 'blood-group'] };
const SCAN = { scan: true };

export const OTHER_STORIES = [
  {
    patient: 'noa', by: 'dr-lindholm', start: '2025-01-14', smoking: 'never', blood: ['B', '+'], births: 0, miscarriages: 0,
    body: { height: '167', weight: '60.7', bp: [115, 73] },
    labs: { amh: '1.05', fsh: '9.6', lh: '6.0', e2: '58', prolactin: '12.0', tsh: '1.75', rubella: '131' },
    afc: [4, 5], endometrium: '4.5', allergies: [['none']],
    conditions: [['miscarriage', { visit: 13, onsetDays: 0, resolvedDays: 45 }]],
    drugs: [['folic-acid', { visit: 1 }], ['clomifene', { visit: 5, days: 5 }], ['choriogonadotropin', { visit: 6, days: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 9, BASIC], ['baseline-scan', 9, SCAN], ['counselling', 28, { procedure: 'counselling' }], ['results-consultation', 35],
      ['follicle-scan', 91, { scan: true, conclusion: 'Two follicles of 17 and 18 mm on the right, endometrium 8.8 mm.', endometrium: '8.8' }],
      ['iui', 93, { procedure: 'insemination-donor' }], ['pregnancy-test', 107, { hcg: '2.1' }], ['follow-up-consultation', 122],
      ['iui', 149, { procedure: 'insemination-donor' }], ['pregnancy-test', 163, { hcg: '186.4' }],
      ['early-pregnancy-scan', 177, { conclusion: 'Gestational sac in the uterus without heartbeat; control in one week.' }],
      ['early-pregnancy-scan', 184, { conclusion: 'No growth of the sac: early miscarriage, expectant management agreed.' }], ['follow-up-consultation', 260],
    ],
  },
  {
    patient: 'katerina', by: 'dr-lindholm', start: '2025-08-12', smoking: 'never', blood: ['O', '+'], births: 2, miscarriages: 0,
    body: { height: '172', weight: '68.8', bp: [117, 75] },
    labs: { fsh: '6.6', lh: '5.3', e2: '45', prolactin: '13.4', amh: '2.70', tsh: '1.62', rubella: '150' },
    afc: [7, 7], endometrium: '4.3', allergies: [['none']], drugs: [['folic-acid', { visit: 1 }]],
    reason: 'Assessment as gestational carrier for a couple treated abroad',
    visits: [
      ['first-consultation', 0], ['blood-test', 3, BASIC], ['baseline-scan', 3, SCAN], ['counselling', 10, { procedure: 'counselling' }],
      ['hysteroscopy', 30, { procedure: 'hysteroscopy', conclusion: 'Cavity of normal shape and lining.' }], ['results-consultation', 42],
    ],
  },
  {
    patient: 'gudrun', by: 'dr-tanaka', start: '2025-07-08', smoking: 'never', allergies: [['none']],
    body: { height: '174', weight: '65.0', bp: [113, 71] },
    visits: [['donor-screening', 0], ['counselling', 13, { procedure: 'counselling' }], ['genetic-counselling', 27, { procedure: 'genetic-counselling' }], ['consent-signing', 41]],
  },
  {
    patient: 'mads', by: 'dr-tanaka', start: '2025-06-03', smoking: 'never', allergies: [['none']],
    body: { height: '186', weight: '82.3', bp: [121, 76] },
    visits: [['donor-screening', 0], ['counselling', 14, { procedure: 'counselling' }], ['consent-signing', 35]],
  },
  {
    patient: 'brueckner-a', by: 'dr-tanaka', start: '2025-02-27', allergies: [],
    visits: [['first-consultation', 0, { status: 'cancelled', reason: ['prov', 'Provider'] }], ['blood-test', 4, { panels: ['luteal'], labs: { p4: '9.1' } }]],
  },
  {
    patient: 'hannah', by: 'dr-tanaka', start: '2025-09-09', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '169', weight: '62.0', bp: [112, 70] },
    labs: { amh: '3.90', fsh: '5.6', lh: '5.0', e2: '39', prolactin: '11.8', tsh: '1.55' },
    afc: [10, 9], endometrium: '4.0', allergies: [['none']],
    visits: [['first-consultation', 0], ['blood-test', 7, WORKUP], ['video-consultation', 20]],
  },
  {
    patient: 'johanna', by: 'dr-tanaka', start: '2025-09-10', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '168', weight: '60.9', bp: [110, 70] },
    labs: { amh: '0.95', fsh: '10.1', lh: '5.9', e2: '52', prolactin: '12.3', tsh: '1.60' },
    afc: [4, 3], endometrium: '4.1', allergies: [['wasp-venom', 'anaphylaxis', 'high']],
    visits: [['first-consultation', 0], ['blood-test', 6, WORKUP], ['results-consultation', 19]],
  },
  {
    patient: 'sakura', by: 'dr-lindholm', start: '2025-10-14', smoking: 'never', blood: ['A', '+'], births: 0, miscarriages: 0,
    body: { height: '159', weight: '51.4', bp: [106, 68] },
    labs: { amh: '3.30', fsh: '6.3', lh: '5.5', e2: '41', prolactin: '12.2', tsh: '1.40', rubella: '108' },
    afc: [8, 9], endometrium: '4.0', allergies: [['none']],
    conditions: [['breast-cancer', { visit: 1, onsetDays: -21 }]], reason: 'Wish to preserve fertility before chemotherapy',
    visits: [['first-consultation', 0], ['blood-test', 0, BASIC], ['baseline-scan', 0, SCAN], ['counselling', 1, { procedure: 'counselling' }], ['anaesthesia-consultation', 3]],
  },
  {
    patient: 'jiwoo', by: 'dr-tanaka', start: '2025-08-26', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '163', weight: '54.5', bp: [109, 67] },
    labs: { amh: '1.40', fsh: '8.0', lh: '5.7', e2: '50', prolactin: '10.1', tsh: '2.05' },
    afc: [5, 5], endometrium: '4.2', allergies: [['none']], reason: 'Wish to freeze oocytes',
    visits: [['first-consultation', 0], ['blood-test', 14, WORKUP], ['baseline-scan', 14, SCAN], ['results-consultation', 28], ['nurse-teaching', 90, { status: 'cancelled', reason: ['pat-crs', 'Patient: Canceled via automated reminder system'] }]],
  },
  {
    patient: 'szymon', by: 'dr-menon', start: '2025-09-23', smoking: 'former', blood: ['O', '+'],
    body: { height: '184', weight: '76.8', bp: [120, 78] },
    labs: { fsh: '9.8', lh: '6.0', testosterone: '4.40' }, allergies: [['none']],
    conditions: [['testicular-cancer', { visit: 1, onsetDays: -30 }]], reason: 'Sperm freezing before chemotherapy',
    procedures: [['orchiectomy', -12]],
    visits: [
      ['andrology-consultation', 0], ['blood-test', 0, MALE],
      ['sperm-freezing', 1, { semen: { volume: '2.0', concentration: '12.8', progressive: 29, nonprogressive: 10, vitality: 55, normal: 3, abstinence: 3 } }],
      ['sperm-freezing', 4, { semen: { volume: '1.7', concentration: '10.4', progressive: 28, nonprogressive: 9, vitality: 54, normal: 3, abstinence: 3 } }],
    ],
  },
  {
    patient: 'tamar', by: 'dr-lindholm', start: '2024-11-19', smoking: 'never', births: 0, miscarriages: 3,
    body: { height: '165', weight: '64.4', bp: [119, 77] },
    labs: { amh: '1.15', fsh: '9.0', lh: '6.2', e2: '63', prolactin: '15.5', tsh: '2.30' },
    afc: [4, 5], endometrium: '4.8', allergies: [['none']],
    conditions: [['recurrent-miscarriage', { visit: 1, onsetDays: -180 }], ['uterine-polyp', { visit: 5, onsetDays: 0, resolvedDays: 29 }]],
    drugs: [['folic-acid', { visit: 1 }], ['aspirin', { visit: 6 }], ['dydrogesterone', { visit: 8, days: 28 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 8, WORKUP], ['baseline-scan', 8, SCAN], ['genetic-counselling', 22, { procedure: 'genetic-counselling' }],
      ['hysteroscopy', 57, { procedure: 'polypectomy', conclusion: 'Polyp of 8 mm on the rear wall removed, cavity otherwise normal.' }], ['results-consultation', 71],
      ['blood-test', 239, { panels: ['luteal'], labs: { p4: '14.2' } }], ['follow-up-consultation', 337],
    ],
  },
  {
    patient: 'anahit', by: 'dr-tanaka', start: '2025-06-10', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '161', weight: '63.9', bp: [113, 72] },
    labs: { amh: '9.80', fsh: '4.9', lh: '14.2', e2: '51', prolactin: '13.7', testosterone: '0.66', tsh: '1.70' },
    afc: [22, 19], endometrium: '6.1', allergies: [['none']],
    conditions: [['pcos', { visit: 4, onsetAge: 20 }], ['anovulatory-infertility', { visit: 4, onsetDays: -520 }]],
    drugs: [['folic-acid', { visit: 1 }], ['follitropin', { visit: 5, days: 11 }], ['choriogonadotropin', { visit: 6, days: 1 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 8, WORKUP], ['baseline-scan', 8, SCAN], ['results-consultation', 21], ['nurse-teaching', 84],
      ['follicle-scan', 98, { scan: true, conclusion: 'Three follicles of 17 to 18 mm and several smaller ones; trigger given, signs of overstimulation explained.', endometrium: '9.6' }],
      ['follow-up-consultation', 121],
    ],
    admission: { day: 104, bed: 'bed-2', nights: 3 },
  },
  {
    patient: 'malee', by: 'dr-lindholm', start: '2025-03-18', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '157', weight: '50.6', bp: [107, 69] },
    labs: { amh: '1.75', fsh: '7.9', lh: '5.4', e2: '66', prolactin: '17.1', tsh: '2.15', vitaminD: '15.8' },
    afc: [5, 6], endometrium: '4.9', allergies: [['none']],
    conditions: [['endometriosis', { visit: 1, onsetAge: 27 }], ['vitamin-d-deficiency', { visit: 4, onsetDays: 0 }]],
    drugs: [['folic-acid', { visit: 1 }], ['paracetamol', { visit: 1 }], ['colecalciferol', { visit: 4 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 7, { panels: [...WORKUP.panels, 'nutrients'] }], ['baseline-scan', 7, SCAN], ['results-consultation', 20],
      ['tubal-patency-test', 41, { procedure: 'contrast-sonography', conclusion: 'Both tubes patent; uterus fixed behind, painful on movement.' }],
    ],
  },
  {
    patient: 'selam', by: 'dr-tanaka', start: '2024-10-29', smoking: 'never', births: 1, miscarriages: 0,
    body: { height: '173', weight: '72.5', bp: [123, 79] },
    labs: { amh: '1.30', fsh: '8.8', lh: '5.8', e2: '57', prolactin: '14.1', tsh: '1.90' },
    afc: [4, 5], endometrium: '4.7', allergies: [['none']], history: [['salpingectomy', 31]],
    conditions: [['tubal-infertility', { visit: 1, onsetDays: -900 }], ['asthma', { visit: 1, onsetAge: 8 }]], drugs: [['folic-acid', { visit: 1 }]],
    visits: [['first-consultation', 0], ['blood-test', 13, WORKUP], ['baseline-scan', 13, SCAN], ['results-consultation', 27]],
  },
  {
    patient: 'farzaneh', by: 'dr-lindholm', start: '2025-04-29', smoking: 'never', births: 0, miscarriages: 0,
    body: { height: '164', weight: '55.9', bp: [105, 65] },
    labs: { amh: '0.05', fsh: '68.4', lh: '39.7', e2: '12', prolactin: '9.4', testosterone: '0.15', tsh: '4.85', ft4: '0.90' },
    afc: [0, 1], endometrium: '3.1', lastPeriod: false, allergies: [['none']],
    conditions: [['ovarian-failure', { visit: 4, onsetAge: 31 }], ['hypothyroidism', { visit: 4, onsetDays: 0 }]],
    drugs: [['levothyroxine', { visit: 4 }], ['estradiol', { visit: 4 }], ['progesterone', { visit: 4 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 2, WORKUP], ['baseline-scan', 2, SCAN], ['results-consultation', 15],
      ['blood-test', 44, { panels: ['hormones', 'thyroid'], labs: { fsh: '71.2', lh: '41.0', e2: '10', tsh: '2.60', ft4: '1.11' } }],
      ['genetic-counselling', 57, { procedure: 'genetic-counselling' }], ['counselling', 71, { procedure: 'counselling' }], ['follow-up-consultation', 210],
    ],
  },
  {
    patient: 'djordje', by: 'dr-menon', start: '2025-05-27', smoking: 'former',
    body: { height: '179', weight: '86.1', bp: [129, 83] },
    labs: { fsh: '18.6', lh: '9.9', testosterone: '2.65' }, allergies: [['none']],
    conditions: [['varicocele', { visit: 1, onsetAge: 34 }], ['azoospermia', { visit: 5, onsetDays: -49 }]],
    visits: [
      ['andrology-consultation', 0], ['blood-test', 1, { panels: ['hormones-male'] }],
      ['semen-analysis', 9, { semen: { volume: '2.5', concentration: '0.0', abstinence: 4 } }],
      ['semen-analysis', 50, { semen: { volume: '2.7', concentration: '0.0', abstinence: 3 } }],
      ['andrology-consultation', 58],
    ],
  },
  {
    patient: 'fatou', by: 'dr-tanaka', start: '2025-07-15', smoking: 'never', births: 0, miscarriages: 1,
    body: { height: '170', weight: '74.3', bp: [127, 81] },
    labs: { amh: '1.55', fsh: '8.2', lh: '5.0', e2: '53', prolactin: '13.9', tsh: '1.80', haemoglobin: '11.4', mcv: '77.8', ferritin: '12' },
    afc: [5, 5], endometrium: '6.3', allergies: [['none']],
    conditions: [['intramural-fibroid', { visit: 3, onsetDays: -200 }], ['sickle-cell-trait', { visit: 1, onsetAge: 2 }], ['iron-deficiency-anaemia', { visit: 4, onsetDays: 0 }]],
    drugs: [['folic-acid', { visit: 1 }], ['iron', { visit: 4 }]],
    visits: [
      ['first-consultation', 0], ['blood-test', 8, { panels: [...WORKUP.panels, 'blood-count', 'nutrients'] }], ['baseline-scan', 8, { scan: true, conclusion: 'Fibroid of 41 mm in the front wall, cavity not touched; five antral follicles on each side.' }],
      ['results-consultation', 22], ['genetic-counselling', 36, { procedure: 'genetic-counselling' }], ['hysteroscopy', 71, { procedure: 'endometrial-biopsy', conclusion: 'Cavity free; biopsy taken.' }],
      ['follow-up-consultation', 92],
    ],
  },
];

/** What recipients may know of a donor: it hangs on the pseudonymous record alone. */
export const DONOR_PROFILES = [
  { patient: 'donor-7k2m', on: '2025-07-11', blood: ['A', '+'], height: '174', eyes: 'blue', hair: 'light brown', labs: { amh: '3.55' } },
  { patient: 'donor-q4hx', on: '2025-06-06', blood: ['O', '+'], height: '186', eyes: 'grey-green', hair: 'dark blond',
    semen: { volume: '3.8', concentration: '84.0', progressive: 58, nonprogressive: 6, vitality: 81, normal: 9, abstinence: 4 } },
];
